import { toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';

/** Failures for the same reason, whatever the key. */
export interface Failures {
  /** As in `{"error": {"code"}}`. */
  readonly code: string;
  readonly count: number;
  /** Where the first of them occurred: `line 12`, or a key. */
  readonly first: string;
  /** The message of the first. */
  readonly message: string;
}

const COUNTS = [
  'read',
  'written',
  'expired',
  'present',
  'locks',
  'foreign',
  'asStored',
  'looseTags',
  'endless',
] as const;

const LEFT_OUT = ['expired', 'present', 'locks', 'foreign'] as const;

/** Beyond this number, kinds are distinguished by their codes only. */
const MAX_KINDS = 20;

/** Counts what became of the entries that were transferred. */
export class Tally {
  read = 0;
  written = 0;
  /** Left out because they had expired. */
  expired = 0;
  /** Left out because the key existed. */
  present = 0;
  /** Left out because they are locks. */
  locks = 0;
  /** Left out because they are not entries (a Redis list, say). */
  foreign = 0;
  /** Of those written, how many could not be decoded and were written as stored bytes. */
  asStored = 0;
  /** Of those written, how many seem to have tags that the store does not reveal. */
  looseTags = 0;
  /** Of those written, how many no longer expire because the store does not reveal their TTLs. */
  endless = 0;
  readonly #failures = new Map<string, Failures>();

  /** @param first where it occurred: `line 12`, or a key */
  fail(first: string, error: unknown): void {
    const { code, message } = toFailure(error);
    const kind = this.#kindOf({ code, message });
    const known = this.#failures.get(kind) ?? { code, count: 0, first: printKey(first), message };
    this.#failures.set(kind, { ...known, count: known.count + 1 });
  }

  get failed(): number {
    return this.failures.reduce((sum, { count }) => sum + count, 0);
  }

  get failures(): readonly Failures[] {
    return [...this.#failures.values()];
  }

  /** Forgets what was left out, before a new listing counts it again. */
  keepWritten(): void {
    for (const name of LEFT_OUT) this[name] = 0;
    this.read = this.written;
    this.#failures.clear();
  }

  /** The state to resume with. */
  saved(): SavedTally {
    const counts = Object.fromEntries(COUNTS.map((name) => [name, this[name]])) as Record<Count, number>;
    return { ...counts, failures: this.failures };
  }

  /** Continues from a saved state. */
  restore(saved: SavedTally): void {
    for (const name of COUNTS) this[name] = saved[name];
    for (const failures of saved.failures) this.#failures.set(this.#kindOf(failures), failures);
  }

  #kindOf(failure: Reason): string {
    const kind = kindOf(failure);
    return this.#failures.has(kind) || this.#failures.size < MAX_KINDS ? kind : failure.code;
  }
}

type Reason = Pick<Failures, 'code' | 'message'>;

/** The reason without the keys, names and numbers in it. */
function kindOf({ code, message }: Reason): string {
  return `${code} ${message.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '')}`;
}

type Count = (typeof COUNTS)[number];

export interface SavedTally extends Readonly<Record<Count, number>> {
  readonly failures: readonly Failures[];
}

/** Whether `saved` can have returned it. */
export function isSavedTally(value: unknown): value is SavedTally {
  if (typeof value !== 'object' || value === null || !('failures' in value)) return false;
  const counts = value as Readonly<Record<string, unknown>>;
  return Array.isArray(value.failures) && COUNTS.every((name) => typeof counts[name] === 'number');
}
