import type { Ttl } from '../../stores/contract/store.js';

import { ExitCode } from '../../errors.js';
import { errorFields, errorText, toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { answer, answerJson, warn } from '../../terminal/output.js';

/**
 * Print for each key whether it existed, or why it could not be touched.
 * @returns the exit code: that of the worst failure, otherwise 1 if any key did not exist
 * @throws the first failure if all keys failed
 */
export async function printTouched(
  keys: readonly string[],
  touched: ReadonlyArray<PromiseSettledResult<boolean>>,
  { ttl, json, ifPresent }: { readonly ttl: Ttl; readonly json: boolean; readonly ifPresent: boolean },
): Promise<number> {
  if (touched.every(({ status }) => status === 'rejected')) throw (touched[0] as PromiseRejectedResult).reason;
  const outcomes = touched.map((result) =>
    result.status === 'fulfilled'
      ? { isThere: result.value, exitCode: result.value || ifPresent ? ExitCode.Yes : ExitCode.No }
      : { isThere: false, failure: toFailure(result.reason), exitCode: toFailure(result.reason).exitCode },
  );
  if (json) {
    const documents = outcomes.map(({ isThere, failure }, index) => ({
      key: printKey(keys[index]!),
      touched: isThere,
      ttl: isThere ? ttl : undefined,
      error: failure && errorFields(failure),
    }));
    await answerJson(documents.length === 1 ? documents[0]! : documents);
  } else {
    for (const [index, { isThere, failure }] of outcomes.entries()) {
      if (failure === undefined) await answer(`${printKey(keys[index]!)}\t${isThere ? 'touched' : 'was not there'}\n`);
      else warn(errorText(failure).trimEnd());
    }
  }

  return Math.max(...outcomes.map(({ exitCode }) => exitCode));
}
