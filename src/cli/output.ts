import { once } from 'node:events';

import type { JsonFields } from './json.js';

import { ClosedPipeError } from '../errors.js';
import { stringify } from './json.js';
import { styleText } from './style.js';

/** Whether a person reads standard output; a pipe or file gets plain text. */
export function answersAPerson(): boolean {
  return process.stdout.isTTY === true;
}

/** Whether a person reads standard error, so that hints and progress make sense. */
export function notesReachAPerson(): boolean {
  return process.stderr.isTTY === true;
}

/**
 * The answer, to standard output; resolves when the reader took it, so that nothing piles up.
 * @throws ClosedPipeError
 */
export async function answer(text: Buffer | string): Promise<void> {
  if (process.stdout.destroyed) throw new ClosedPipeError();
  if (process.stdout.write(text)) return;
  await once(process.stdout, 'drain').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EPIPE' ? new ClosedPipeError() : error;
  });
}

/** The answer as one JSON document on one line. */
export async function answerJson(document: JsonFields | readonly JsonFields[]): Promise<void> {
  await answer(`${stringify(document)}\n`);
}

/** A word on what was done, for a person; a script has the exit code and is not bothered. */
export function note(text: string): void {
  if (notesReachAPerson()) process.stderr.write(`${styleText('dim', text)}\n`);
}

/** What the user must know even in a script's log. */
export function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}
