import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';

import type { Value } from '../../codecs/value.js';

import { string } from '../../codecs/value.js';
import { InputError, UsageError } from '../../errors.js';
import { readError } from '../../system-errors.js';

export interface ValueSource {
  /** `-` is standard input. */
  readonly argument: string | undefined;
  readonly file: string | undefined;
  readonly as: 'json' | 'string';
  /** How the command is written, for whoever gave no value: `put KEY VALUE`. */
  readonly usage: string;
}

/**
 * The value that the command line names, to the byte.
 * @throws UsageError when there is none, or two; InputError for what is not JSON
 */
export async function readValue(source: ValueSource): Promise<Value> {
  const bytes = await readBytes(source);
  if (source.as === 'string') return string(bytes);
  const { parseJson } = await import('../../codecs/json/parse.js');
  if (isUtf8(bytes)) return parseJson(bytes.toString());
  throw new InputError(
    'the value is not valid UTF-8, so it is not JSON',
    'Leave --as json out to store it to the byte.',
  );
}

async function readBytes({ argument, file, usage }: ValueSource): Promise<Buffer> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('VALUE and --file are two values', 'Give one of them.');
  }

  if (file === '-' || argument === '-') return readStandardInput();
  if (file !== undefined) {
    return readFile(file).catch((error: unknown) => {
      throw readError(file, error);
    });
  }

  if (argument === undefined) {
    throw new UsageError('no value was given', `Write ${usage}; VALUE - reads standard input, --file a file.`);
  }

  if (!argument.includes('\uFFFD')) return Buffer.from(argument);
  throw new UsageError(
    'VALUE holds U+FFFD, which stands for bytes that are not UTF-8',
    `Give it by standard input or a file, which are taken to the byte: ${usage.replaceAll('`', '').replace('VALUE', '-')}`,
  );
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
