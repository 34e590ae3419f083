import { toJson } from '../../codecs/json/print.js';
import { string } from '../../codecs/value.js';
import { ClosedPipeError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { JsonText } from '../../terminal/json.js';
import { answer, answerJson, answersAPerson } from '../../terminal/output.js';
import { forTerminal, valueBytes } from '../../terminal/value-text.js';
import { lifeOf, type Remembered, type Terms } from './output-cache.js';

/**
 * Print a stored output, byte for byte. If the reader closes the pipe, the exit code is still passed on and a stale
 * output is still refreshed.
 */
export async function printRemembered(
  key: string,
  remembered: Remembered,
  options: { readonly json: boolean },
): Promise<void> {
  try {
    await print(key, remembered, options);
  } catch (error) {
    if (!(error instanceof ClosedPipeError)) throw error;
  }
}

async function print(
  key: string,
  { output, exitCode, isStale, ttl }: Remembered,
  { json }: { readonly json: boolean },
): Promise<void> {
  if (json) {
    const stdout = new JsonText(toJson(output));
    await answerJson({ key: printKey(key), hit: true, stale: isStale, stdout, exitCode, ttl });
    return;
  }

  const bytes = valueBytes(output);
  await answer(answersAPerson() ? forTerminal(bytes) : bytes);
  // Only a value of an application is not a string.
  if (output.type !== 'string') await answer('\n');
}

/** Print the result of a run as `--json`. */
export async function printRun(
  terms: Terms,
  { output, exitCode, stored }: { readonly output: Buffer; readonly exitCode: number; readonly stored: boolean },
): Promise<void> {
  const key = printKey(terms.key);
  const stdout = new JsonText(toJson(string(output)));
  await answerJson({ key, hit: false, stored, stdout, exitCode, ttl: stored ? lifeOf(terms) : undefined });
}
