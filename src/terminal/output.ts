import { once } from 'node:events';

import type { JsonFields } from './json.js';

import { ClosedPipeError } from '../errors.js';
import { printable } from '../stores/entries/printed-key.js';
import { stringify } from './json.js';
import { type Style, styleText } from './style.js';
import { wrapMessage } from './wrap.js';

/** Whether a person reads standard output; a pipe or file gets plain text. */
export function answersAPerson(): boolean {
  return process.stdout.isTTY === true;
}

/** Whether a person reads standard error, so that hints and progress make sense. */
export function notesReachAPerson(): boolean {
  return process.stderr.isTTY === true;
}

/** How wide a line of the answer may be; without end in a pipe or file. */
export function terminalColumns(): number {
  // A terminal that nobody told its size says 0.
  return answersAPerson() ? process.stdout.columns || 80 : Infinity;
}

/**
 * The answer, to standard output; resolves when the reader took it, so that nothing piles up.
 * @throws ClosedPipeError
 */
export async function answer(text: Buffer | string): Promise<void> {
  if (isOutputClosed()) throw new ClosedPipeError();
  if (process.stdout.write(text)) return;
  await once(process.stdout, 'drain').catch(() => {
    // src/main.ts tells of any other failure.
    throw new ClosedPipeError();
  });
}

let hasFailed = false;
let isRefused = false;

/**
 * Notes that an answer could not be written: Node keeps standard output open after an error.
 * @param isFailure false where the reader went away, which a command may take for its end
 */
export function refuseOutput({ isFailure }: { readonly isFailure: boolean }): void {
  isRefused = true;
  if (isFailure) hasFailed = true;
}

/** Whether nobody reads standard output any more, or it could not be written. */
export function isOutputClosed(): boolean {
  return hasFailed || process.stdout.destroyed;
}

/** Whether all answers so far were taken: false when the reader went away, or the disk is full. */
export async function isDelivered(): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    process.stdout.write('', (error) => resolve(!error && !isRefused));
  });
}

/** The answer as one JSON document on one line. */
export async function answerJson(document: JsonFields | readonly JsonFields[]): Promise<void> {
  await answer(`${stringify(document)}\n`);
}

/** A word on what was done, for a person; a script has the exit code and is not bothered. */
export function note(text: string): void {
  if (notesReachAPerson()) process.stderr.write(`${styleText('dim', wrapMessage(printable(text)))}\n`);
}

/** What the user must know even in a script's log. Control characters in it, such as a server's, are escaped. */
export function warn(text: string, style?: Style): void {
  const safe = wrapMessage(printable(text));
  process.stderr.write(`${style === undefined ? safe : styleText(style, safe)}\n`);
}
