import type { CachectlError } from '../../errors.js';

/** What a store found out about itself, for `doctor`. */
export interface Finding {
  /** What was looked at: `index on tags`. */
  readonly subject: string;
  /** `warning`: it works, and not as well as it could. `skipped`: it was not looked at, and the message says why. */
  readonly state: 'fault' | 'ok' | 'skipped' | 'warning';
  /** What is so, in one line. */
  readonly message: string;
  /** What to do, as a sentence; of what is not ok. */
  readonly hint?: string;
  /** Absent where only a person can put it right. */
  readonly fix?: Fix;
  /** Of a fault that an error showed: the exit code is its. */
  readonly cause?: CachectlError;
}

/** A change of the server that is safe, and safe to make twice. Never made unasked. */
export interface Fix {
  /** In the present tense: `creates the index tags_1 on cache`. */
  readonly effect: string;
  apply(): Promise<void>;
}

/** Why the place that a profile names may not be what it should be. */
export interface PlaceDoubt {
  /**
   * `absent`: nothing is there to read, so a path or name may be mistyped. `unmade`: the same where nothing creates it ahead
   * of the first write, so that it is usual in a new cache. `foreign`: something else than a cache is there.
   */
  readonly kind: 'absent' | 'foreign' | 'unmade';
  readonly message: string;
  readonly hint: string;
}
