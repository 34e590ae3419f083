/** A row of the table. */
export interface Measurement {
  readonly what: string;
  readonly measured: string;
  /** What it may be; a dash where nothing is promised. */
  readonly budget: string;
  /** Whether the budget was kept; left out where nothing is promised, or where a person has to judge. */
  readonly isKept?: boolean;
  /** Who did the same in the same run, and how. */
  readonly peer: string;
}

/** How large the stores are that are worked on. */
export interface Scale {
  /** A million, unless `--entries` says otherwise. */
  readonly entries: number;
  /** Four times as many: memory must not grow with them. */
  readonly many: number;
}

/** Measures something, and gives a row as soon as it has it. */
export type Bench = (scale: Scale) => AsyncIterable<Measurement>;
