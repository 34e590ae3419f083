import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';

import type { Value } from '../../codecs/value.js';

import { string } from '../../codecs/value.js';
import { InputError, UsageError } from '../../errors.js';
import { readError } from '../../system-errors.js';
import { limitText, raiseLimit, valueLimit } from '../../value-limit.js';

export interface ValueSource {
  /** `-` is standard input. */
  readonly argument: string | undefined;
  readonly file: string | undefined;
  readonly as: 'json' | 'string';
  /** For messages: `put KEY VALUE`. */
  readonly usage: string;
}

/**
 * The value on the command line, to the byte.
 * @throws UsageError if there is none, or two; InputError for invalid JSON
 */
export async function readValue(source: ValueSource): Promise<Value> {
  const bytes = await readBytes(source);
  if (source.as === 'string') return string(bytes);
  const { parseJson } = await import('../../codecs/json/parse.js');
  if (isUtf8(bytes)) {
    return parseJson(bytes.toString(), 'A string needs its quotes: \'"text"\'. Or leave --as json out.');
  }

  throw new InputError(
    'the value is not valid UTF-8, so it is not JSON',
    'Remove --as json to store the bytes as they are.',
  );
}

async function readBytes({ argument, file, usage }: ValueSource): Promise<Buffer> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('VALUE and --file cannot be combined', 'Remove one of the two.');
  }

  if (file === '-' || argument === '-') return readWithin(process.stdin);
  if (file !== undefined) {
    const { openFifo } = await import('../../fifo.js');
    try {
      return await readWithin(openFifo(file) ?? createReadStream(file));
    } catch (error) {
      throw error instanceof InputError ? error : readError(file, error);
    }
  }

  if (argument === undefined) {
    throw new UsageError('missing argument VALUE', `Write ${usage}. VALUE - reads standard input, --file a file.`);
  }

  if (!argument.includes('\uFFFD')) return Buffer.from(argument);
  throw new UsageError(
    'VALUE contains U+FFFD, which replaces bytes that are not UTF-8',
    `Pass the exact bytes on standard input or in a file: ${usage.replaceAll('`', '').replace('VALUE', '-')}`,
  );
}

/** Without a limit, a device or an endless pipe would fill the memory. */
async function readWithin(input: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(chunk as Buffer);
    length += chunk.length;
    if (length > valueLimit()) {
      throw new InputError(`the value is larger than ${limitText()}`, `Nothing was stored. ${raiseLimit()}`);
    }
  }

  return Buffer.concat(chunks, length);
}
