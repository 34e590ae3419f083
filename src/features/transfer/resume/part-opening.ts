import { existsSync } from 'node:fs';
import { lstat, open } from 'node:fs/promises';

import type { LineOutput, Start } from '../output.js';
import type { Tally } from '../tally.js';

import { UsageError } from '../../../errors.js';
import { note, warn } from '../../../terminal/output.js';
import { entries } from '../../../terminal/progress.js';
import { writing } from '../file-writing.js';
import { claimed } from './claim.js';
import { isBeingWritten, type PartSource, type PartState, type Reached, readState, statePath } from './export-state.js';
import { PartFile, partPath } from './part-file.js';

export interface PartWanted {
  readonly source: PartSource;
  /** Counts on from what is there already. */
  readonly tally: Tally;
  /** Go on with what an interrupted export left, if there is any. */
  readonly resume: boolean;
}

/**
 * The part of a file, from its beginning or from where it was left.
 * @throws UsageError when another process writes it, or when it is to go on and is of something else
 * @throws DeclinedError when a person wants to keep what is there
 */
export async function openPart(target: string, wanted: PartWanted): Promise<LineOutput> {
  if (!wanted.resume) await beginAnew(target);
  return writing(target, async () => claimed(target, async () => begun(target, wanted)));
}

async function begun(target: string, wanted: PartWanted): Promise<LineOutput> {
  const state = stateOf(target);
  const left = wanted.resume ? await checked(target, state, wanted.source) : undefined;
  const { tally, source } = wanted;
  if (left === undefined) {
    const reached = { bytes: 0, place: null, tally: tally.saved() };
    return PartFile.open({ target, source, tally, reached, start: {} });
  }

  tally.restore(left.tally);
  note(`going on after ${entries(tally.written)}`);
  return PartFile.open({ target, source, tally, reached: left, start: startAt(target, left) });
}

/** What is left there takes the place of nothing by itself: a person is asked, and a script's log says so. */
async function beginAnew(target: string): Promise<void> {
  const state = stateOf(target);
  if (!state || state.bytes === 0 || !existsSync(partPath(target))) return;
  const left = `${partPath(target)} holds ${entries(state.tally.written)} of an interrupted export`;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    warn(`${left}; it begins anew, since --resume is not there`);
    return;
  }

  warn(`${left}; --resume goes on with it`);
  const { confirmByYes } = await import('../../../terminal/prompts.js');
  await confirmByYes('Begin anew?');
}

/** @throws UsageError while another process writes there */
function stateOf(target: string): null | PartState | undefined {
  const state = readState(target);
  if (!state || !isBeingWritten(state)) return state;
  throw new UsageError(
    `${target} is being written by another export, process ${state.writer.pid}`,
    'Wait for it, or write to another file.',
  );
}

/** What can be gone on with; undefined where nothing was left. */
async function checked(
  target: string,
  state: null | PartState | undefined,
  source: PartSource,
): Promise<PartState | undefined> {
  const part = partPath(target);
  if (!existsSync(part)) return undefined;
  if (!state) throw cannot(`${part} is there, but ${statePath(target)} does not say what it is of`);
  if (state.source.store !== source.store) throw cannot(`${part} is of another store: ${state.source.store}`);
  if (state.source.pattern !== source.pattern) {
    throw cannot(`${part} is of other keys: those that match ${state.source.pattern}`);
  }

  if (!(await isAsLeft(part, state))) throw cannot(`${part} is not as it was left`);
  return state.bytes === 0 ? undefined : state;
}

/** A file of this user's, and no link, in which a line ends where the last one did. */
async function isAsLeft(part: string, { bytes }: Reached): Promise<boolean> {
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

function startAt(target: string, { bytes, place, tally }: PartState): Start {
  const written = { path: partPath(target), bytes, lines: tally.written };
  return place === null ? { written } : { written, after: place };
}

function cannot(what: string): UsageError {
  return new UsageError(what, 'Export without --resume to begin anew, or write to another file.');
}
