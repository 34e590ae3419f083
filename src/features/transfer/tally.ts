import { toFailure } from '../../runtime/report-error.js';
import { printKey } from '../../stores/entries/printed-key.js';

/** Failures of one kind: for the same reason, whatever the key. */
export interface Failures {
  /** Of `{"error": {"code"}}`. */
  readonly code: string;
  readonly count: number;
  /** The first of them: `line 12`, or a key. */
  readonly first: string;
  /** What was said of that one. */
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

/** Beyond so many kinds only the codes are told apart. */
const MOST_KINDS = 20;

/** What becomes of entries on their way, as a summary tells it. */
export class Tally {
  read = 0;
  written = 0;
  /** Left out, because they had expired by then. */
  expired = 0;
  /** Left out, because the key was there. */
  present = 0;
  /** Left out, because they are locks. */
  locks = 0;
  /** Left out, because they are no entries (a Redis list, say). */
  foreign = 0;
  /** Of those that were written, how many as bytes that could not be read. */
  asStored = 0;
  /** Of those that were written, how many seem to carry tags that could not be told. */
  looseTags = 0;
  /** Of those that were written, how many never expire now because the store did not tell their ttl. */
  endless = 0;
  readonly #failures = new Map<string, Failures>();

  /** @param first where it is: `line 12`, or a key */
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

  /** Forgets what was left out, for who is going to meet it again. */
  keepWritten(): void {
    for (const name of LEFT_OUT) this[name] = 0;
    this.read = this.written;
    this.#failures.clear();
  }

  /** As it is kept to go on with. */
  saved(): SavedTally {
    const counts = Object.fromEntries(COUNTS.map((name) => [name, this[name]])) as Record<Count, number>;
    return { ...counts, failures: this.failures };
  }

  /** Begins where that one ended. */
  restore(saved: SavedTally): void {
    for (const name of COUNTS) this[name] = saved[name];
    for (const failures of saved.failures) this.#failures.set(this.#kindOf(failures), failures);
  }

  #kindOf(failure: Reason): string {
    const kind = kindOf(failure);
    return this.#failures.has(kind) || this.#failures.size < MOST_KINDS ? kind : failure.code;
  }
}

type Reason = Pick<Failures, 'code' | 'message'>;

/** Which keys, names and numbers there are in the reason makes no other kind of it. */
function kindOf({ code, message }: Reason): string {
  return `${code} ${message.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '')}`;
}

type Count = (typeof COUNTS)[number];

export interface SavedTally extends Readonly<Record<Count, number>> {
  readonly failures: readonly Failures[];
}

/** Whether that can be what `saved` gave. */
export function isSavedTally(value: unknown): value is SavedTally {
  if (typeof value !== 'object' || value === null || !('failures' in value)) return false;
  const counts = value as Readonly<Record<string, unknown>>;
  return Array.isArray(value.failures) && COUNTS.every((name) => typeof counts[name] === 'number');
}
