import type { CachectlError } from '../../errors.js';

/** One result of a check, for `doctor`. */
export interface Finding {
  /** What was checked, such as `index on tags`. */
  readonly subject: string;
  /** `warning`: works, but could be better. `skipped`: not checked; the message says why. */
  readonly state: 'fault' | 'ok' | 'skipped' | 'warning';
  /** The result, in one line. */
  readonly message: string;
  /** What to do, as a sentence, unless the state is `ok`. */
  readonly hint?: string;
  /** Absent if only a person can fix it. */
  readonly fix?: Fix;
  /** The error behind a fault. It decides the exit code. */
  readonly cause?: CachectlError;
}

/** A safe and idempotent change of the server. Applied only on request. */
export interface Fix {
  /** In the present tense: `creates the index tags_1 on cache`. */
  readonly effect: string;
  apply(): Promise<void>;
}

/** Why the location in a profile may be wrong. */
export interface PlaceDoubt {
  /**
   * `absent`: nothing exists there, so a path or name may be mistyped. `unmade`: the same, but the first write creates
   * it, so this is normal for a new cache. `foreign`: something other than a cache exists there.
   */
  readonly kind: 'absent' | 'foreign' | 'unmade';
  readonly message: string;
  readonly hint: string;
}
