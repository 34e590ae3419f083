/** A row of the table. */
export interface Measurement {
  readonly what: string;
  readonly measured: string;
  /** The budget; a dash if there is none. */
  readonly budget: string;
  /** Whether the budget was met. Left out if there is none, or if a person has to judge. */
  readonly isKept?: boolean;
  /** The peer of the same run, and its figure. */
  readonly peer: string;
}

/** The sizes of the measured stores. */
export interface Scale {
  /** A million, or `--entries`. */
  readonly entries: number;
  /** Four times as many: memory must not grow with them. */
  readonly many: number;
}

/** Measure something, and yield each row as soon as it is known. */
export type Bench = (scale: Scale) => AsyncIterable<Measurement>;
