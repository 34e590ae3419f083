import { readFile } from 'node:fs/promises';

import type { Value } from '../codecs/value.js';

import { string } from '../codecs/value.js';
import { UsageError } from '../errors.js';
import { fileError } from './file-error.js';

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
  const { parseJson } = await import('../codecs/json/parse.js');
  return parseJson(bytes.toString());
}

async function readBytes({ argument, file, usage }: ValueSource): Promise<Buffer> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('VALUE and --file are two values', 'Give one of them.');
  }

  if (file === '-' || argument === '-') return readStandardInput();
  if (file !== undefined) {
    return readFile(file).catch((error: unknown) => {
      throw fileError(file, error);
    });
  }

  if (argument === undefined) {
    throw new UsageError('no value was given', `Write ${usage}; VALUE - reads standard input, --file a file.`);
  }

  return Buffer.from(argument);
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
