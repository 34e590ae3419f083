import { existsSync } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';

import type { Interruption } from '../../runtime/interrupt.js';
import type { Tally } from './tally.js';

import { InputError, UsageError } from '../../errors.js';
import { opened } from '../../runtime/interrupt.js';
import { writing } from '../../system-errors.js';
import { note, warn } from '../../terminal/output.js';
import { entries } from '../../terminal/progress.js';
import { deviceOutput, type LineOutput, STANDARD_OUTPUT } from './output.js';
import { claimed, isBeingWritten } from './resume/claim.js';
import { exportSidecar, type ExportSource, type ExportState, type Progress } from './resume/export-state.js';
import { PartFile, partPath } from './resume/part-file.js';

export interface OutputOptions {
  readonly source: ExportSource;
  /** Continues to count from what an interrupted export has written. */
  readonly tally: Tally;
  /** Continue an interrupted export, if there is one. */
  readonly resume: boolean;
  readonly interruption: Interruption;
}

/**
 * Standard output, or a file, which gets its name when it is complete.
 * @throws InputError when it cannot be written, UsageError when it cannot be resumed
 */
export async function openOutput(path: string | undefined, options: OutputOptions): Promise<LineOutput> {
  // A path that cannot be inspected fails when it is opened, with the reason.
  const stats = path === undefined ? undefined : await stat(path).catch(() => {});
  if (stats?.isDirectory()) throw new InputError(`${path} cannot be written (it is a folder)`, 'Name a file in it.');
  if (path !== undefined && (stats === undefined || stats.isFile())) return openPart(path, options);
  if (options.resume) {
    const name = path === undefined ? 'standard output' : `${path}, which is not a file`;
    throw new UsageError(`--resume does not work with ${name}`, 'Name a file with --output FILE.');
  }

  return path === undefined ? STANDARD_OUTPUT : opened(deviceOutput(path), options.interruption);
}

/**
 * @throws UsageError when another process writes the part file, or when it belongs to another export
 * @throws DeclinedError when a person wants to keep what is there
 */
async function openPart(target: string, options: OutputOptions): Promise<LineOutput> {
  if (!options.resume) await startOver(target);
  return writing(target, async () => claimed(target, async () => openClaimed(target, options)));
}

async function openClaimed(target: string, { resume, source, tally }: OutputOptions): Promise<LineOutput> {
  const state = stateOf(target);
  const left = resume ? await resumable(target, state, source) : undefined;
  if (left === undefined) {
    const progress = { bytes: 0, place: null, tally: tally.saved() };
    return PartFile.open({ target, source, tally, progress, start: {} });
  }

  tally.restore(left.tally);
  note(`resuming after ${entries(tally.written)}`);
  const written = { path: partPath(target), bytes: left.bytes, lines: tally.written };
  const start = left.place === null ? { written } : { written, after: left.place };
  return PartFile.open({ target, source, tally, progress: left, start });
}

/** Asks a person before the work of an interrupted export is lost; a script's log says that it is. */
async function startOver(target: string): Promise<void> {
  const state = stateOf(target);
  if (!state || state.bytes === 0 || !existsSync(partPath(target))) return;
  const left = `${partPath(target)} holds ${entries(state.tally.written)} of an interrupted export`;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    warn(`${left}; starting over, because --resume was not given`);
    return;
  }

  warn(`${left}; use --resume to continue it`);
  const { confirmByYes } = await import('../../terminal/prompts.js');
  await confirmByYes('Start over?');
}

/** @throws UsageError while another process writes there */
function stateOf(target: string): ExportState | null | undefined {
  const state = exportSidecar(target).read();
  if (!state || !isBeingWritten(state)) return state;
  throw new UsageError(
    `${target} is being written by another export, process ${state.writer.pid}`,
    'Wait for it, or write to another file.',
  );
}

/** Undefined where no export left anything. */
async function resumable(
  target: string,
  state: ExportState | null | undefined,
  source: ExportSource,
): Promise<ExportState | undefined> {
  const part = partPath(target);
  if (!existsSync(part)) return undefined;
  if (!state) throw mismatch(`${part} exists, but ${exportSidecar(target).path} does not describe it`);
  if (state.source.store !== source.store) {
    throw mismatch(`${part} was exported from another store, ${state.source.store}`);
  }

  if (state.source.pattern !== source.pattern) {
    throw mismatch(`${part} was exported with another pattern, ${state.source.pattern}`);
  }

  if (!(await isUnchanged(part, state))) throw mismatch(`${part} has changed since it was written`);
  return state.bytes === 0 ? undefined : state;
}

/** Whether it is a file of this user's, and no link, in which a line ends where the last one did. */
async function isUnchanged(part: string, { bytes }: Progress): Promise<boolean> {
  if (bytes === 0) return true;
  return writing(part, async () => {
    const stats = await lstat(part);
    if (!stats.isFile() || stats.uid !== (process.getuid?.() ?? stats.uid)) return false;
    const file = await open(part, 'r+');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, bytes - 1);
      return bytesRead === 1 && buffer.toString() === '\n';
    } finally {
      await file.close();
    }
  });
}

function mismatch(what: string): UsageError {
  return new UsageError(what, 'Export without --resume to start over, or write to another file.');
}
