import type { Store } from '../../../stores/contract/store.js';

import { isSavedTally, type SavedTally } from '../tally.js';
import { isWriter, type Writer } from './claim.js';
import { Sidecar } from './sidecar.js';

/** What an export reads. It resumes with the same source only. */
export interface ExportSource {
  /** The store, and the form of its values. */
  readonly store: string;
  readonly pattern: string;
}

/** The store of a source as it is saved and shown: it never holds a password. */
export function sourceName({ driver, location, prefix, storedForm }: Store): string {
  const form = storedForm === undefined ? '' : ` (${storedForm})`;
  return `${driver}: ${location}, prefix "${prefix}"${form}`;
}

/** How far an export has come. */
export interface Progress {
  /** Length of the part file up to the last whole line that the tally counts. */
  readonly bytes: number;
  /** Where the listing continues; null where the store has no cursor to return to. */
  readonly place: null | string;
  readonly tally: SavedTally;
}

export interface ExportState extends Progress, Writer {
  readonly version: 1;
  readonly source: ExportSource;
}

/** The file beside an export's target that records how far its part file has come. */
export function exportSidecar(target: string): Sidecar<ExportState> {
  return new Sidecar<ExportState>(`${target}.export-state`, isExportState);
}

function isExportState(state: Partial<ExportState>): boolean {
  const { version, bytes, place, source, tally } = state;
  const hasSource = typeof source?.store === 'string' && typeof source.pattern === 'string';
  const hasPlace = place === null || typeof place === 'string';
  return (
    version === 1 && Number.isSafeInteger(bytes) && isSavedTally(tally) && hasSource && hasPlace && isWriter(state)
  );
}
