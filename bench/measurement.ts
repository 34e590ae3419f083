/** A row of the table. */
export interface Measurement {
  readonly what: string;
  readonly measured: string;
  /** What it may be; a dash where nothing is promised. */
  readonly budget: string;
  /** Who did the same in the same run, and how. */
  readonly peer: string;
}
