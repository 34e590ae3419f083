import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { Store } from '../../stores/contract.js';

import { mayRun, ownProcess, type ProcessPlace } from '../../stores/lock-process.js';
import { isSavedTally, type SavedTally } from './tally.js';

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

export interface PartState extends Reached {
  readonly version: 1;
  readonly source: PartSource;
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
  const state: PartState = { version: 1, source, ...reached, writer: ownProcess(), writerSince: since(process.pid) };
  const path = statePath(target);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, JSON.stringify(state), { flag: 'wx', mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeState(target: string): void {
  rmSync(statePath(target), { force: true });
}

/** Whether its writer is at it still; of a process on another machine nothing is known, and it is taken to be gone. */
export function isBeingWritten({ writer, writerSince }: PartState): boolean {
  const { host, space, pid } = ownProcess();
  if (writer.host !== host || writer.space !== space || writer.pid === pid || !mayRun(writer)) return false;
  return writerSince === '' || since(writer.pid) === writerSince;
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
  let state: null | Partial<PartState>;
  try {
    state = JSON.parse(text) as null | Partial<PartState>;
  } catch {
    return undefined;
  }

  if (state?.version !== 1 || !Number.isSafeInteger(state.bytes) || !isSavedTally(state.tally)) return undefined;
  const { source, place, writer, writerSince } = state;
  const isOfSomething = typeof source?.store === 'string' && typeof source.pattern === 'string';
  const isWritten =
    typeof writer?.host === 'string' && typeof writer.pid === 'number' && typeof writerSince === 'string';
  return isOfSomething && isWritten && (place === null || typeof place === 'string') ? (state as PartState) : undefined;
}
