import { once } from 'node:events';

import type { JsonFields } from './json.js';

import { ClosedPipeError } from '../errors.js';
import { printable } from '../stores/entries/printed-key.js';
import { stringify } from './json.js';
import { type Style, styleText } from './style.js';
import { wrapMessage } from './wrap.js';

/** Whether standard output is a terminal. A pipe or file gets plain text. */
export function answersAPerson(): boolean {
  return process.stdout.isTTY === true;
}

/** Whether standard error is a terminal, so hints and progress are useful. */
export function notesReachAPerson(): boolean {
  return process.stderr.isTTY === true;
}

/** The width of an output line, in columns. Infinite in a pipe or file. */
export function terminalColumns(): number {
  // A terminal of unknown size reports 0.
  return answersAPerson() ? process.stdout.columns || 80 : Infinity;
}

/**
 * Write to standard output. Resolves once the reader has caught up, so output does not pile up in memory.
 * @throws ClosedPipeError
 */
export async function answer(text: Buffer | string): Promise<void> {
  if (isOutputClosed()) throw new ClosedPipeError();
  if (process.stdout.write(text)) return;
  await once(process.stdout, 'drain').catch(() => {
    // src/main.ts reports any other failure.
    throw new ClosedPipeError();
  });
}

let hasFailed = false;
let isRefused = false;

/**
 * Record that a write failed: Node keeps standard output open after an error.
 * @param isFailure false if the reader closed the pipe, which may be the normal end of a command
 */
export function refuseOutput({ isFailure }: { readonly isFailure: boolean }): void {
  isRefused = true;
  if (isFailure) hasFailed = true;
}

/** Whether the reader closed standard output or a write failed. */
export function isOutputClosed(): boolean {
  return hasFailed || process.stdout.destroyed;
}

/** Whether all output so far was written. False if the reader closed the pipe or the disk is full. */
export async function isDelivered(): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    process.stdout.write('', (error) => resolve(!error && !isRefused));
  });
}

/** Write one JSON document on one line. */
export async function answerJson(document: JsonFields | readonly JsonFields[]): Promise<void> {
  await answer(`${stringify(document)}\n`);
}

/** Confirm to a person what was done. Printed on a terminal only: scripts use the exit code. */
export function note(text: string): void {
  if (notesReachAPerson()) process.stderr.write(`${styleText('dim', wrapMessage(printable(text)))}\n`);
}

/** Print a message that must reach the log of a script too. Control characters are escaped. */
export function warn(text: string, style?: Style): void {
  const safe = wrapMessage(printable(text));
  process.stderr.write(`${style === undefined ? safe : styleText(style, safe)}\n`);
}
