import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { Store } from '../../../stores/contract/store.js';

import { mayRun, ownProcess, type ProcessPlace } from '../../../stores/locks/process.js';
import { isSavedTally, type SavedTally } from '../tally.js';

/** What an export is of; it goes on with the same only. */
export interface PartSource {
  /** Which store, and in whose form its values are. */
  readonly store: string;
  readonly pattern: string;
}

/** The store of a source, for people too: never a password. */
export function sourceName({ driver, location, prefix, storedForm }: Store): string {
  const form = storedForm === undefined ? '' : ` (${storedForm})`;
  return `${driver}: ${location}, prefix "${prefix}"${form}`;
}

/** How far an export has come with its part file. */
export interface Reached {
  /** Up to there the part is whole lines, and all that is counted. */
  readonly bytes: number;
  /** Where the listing goes on; null where the store tells no places. */
  readonly place: null | string;
  readonly tally: SavedTally;
}

export interface PartState extends Reached, Writer {
  readonly version: 1;
  readonly source: PartSource;
}

/** The process that writes. */
export interface Writer {
  readonly writer: ProcessPlace;
  /** When the process began, in a count of the system's; empty where it does not tell. */
  readonly writerSince: string;
}

/** The file beside an export's target that says how far its part has come. */
export function statePath(target: string): string {
  return `${target}.export-state`;
}

/** Undefined where there is none; null where it is something else. */
export function readState(target: string): null | PartState | undefined {
  let text: string;
  try {
    text = readFileSync(statePath(target), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }

  return parsed(text) ?? null;
}

/** Whole or not at all, whatever ends the process meanwhile. */
export function writeState(target: string, source: PartSource, reached: Reached): void {
  const state: PartState = { version: 1, source, ...reached, ...ownWriter() };
  const path = statePath(target);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, JSON.stringify(state), { flag: 'wx', mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeState(target: string): void {
  rmSync(statePath(target), { force: true });
}

export function ownWriter(): Writer {
  return { writer: ownProcess(), writerSince: since(process.pid) };
}

/** Whether its writer is at it still; of a process on another machine nothing is known, and it is taken to be gone. */
export function isBeingWritten({ writer, writerSince }: PartState): boolean {
  return isNear(writer) && writer.pid !== process.pid && !isGone({ writer, writerSince });
}

/** Whether it is sure to be: what is known of a process on this machine. */
export function isGone({ writer, writerSince }: Writer): boolean {
  return !mayRun(writer) || (isNear(writer) && writerSince !== '' && since(writer.pid) !== writerSince);
}

function isNear(writer: ProcessPlace): boolean {
  const { host, space } = ownProcess();
  return writer.host === host && writer.space === space;
}

/** A process id may have gone to another process, which began later: the 22nd field of Linux's /proc/PID/stat. */
function since(pid: number): string {
  try {
    const [, behindName = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return behindName.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function parsed(text: string): PartState | undefined {
  const state = objectIn<PartState>(text);
  if (state?.version !== 1 || !Number.isSafeInteger(state.bytes) || !isSavedTally(state.tally)) return undefined;
  const { source, place } = state;
  const isOfSomething = typeof source?.store === 'string' && typeof source.pattern === 'string';
  const isPlace = place === null || typeof place === 'string';
  return isOfSomething && isWritten(state) && isPlace ? (state as PartState) : undefined;
}

/** What `ownWriter` gave, as JSON; undefined where the text is something else. */
export function writerIn(text: string): undefined | Writer {
  const writer = objectIn<Writer>(text);
  return writer && isWritten(writer) ? (writer as Writer) : undefined;
}

function isWritten({ writer, writerSince }: Partial<Writer>): boolean {
  return typeof writer?.host === 'string' && typeof writer.pid === 'number' && typeof writerSince === 'string';
}

function objectIn<T>(text: string): Partial<T> | undefined {
  try {
    return (JSON.parse(text) as null | Partial<T>) ?? undefined;
  } catch {
    return undefined;
  }
}
