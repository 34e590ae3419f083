import { openToWrite } from '../../fifo.js';
import { writing } from '../../system-errors.js';
import { answer } from '../../terminal/output.js';

/** Where an export writes its lines. */
export interface LineOutput {
  /** What it holds already. */
  readonly start: OutputStart;
  /** Resolves when the bytes were taken, so that nothing piles up. */
  write(bytes: Buffer): Promise<void>;
  /** Everything written so far is whole lines. @param place where the listing continues after them */
  reached(place: string | undefined): Promise<void>;
  /** Everything is written. */
  finish(): Promise<void>;
  /** The export ended early. Does nothing after `finish`. */
  abandon(): Promise<void>;
}

/** What an interrupted export left; empty for a new one. */
export interface OutputStart {
  /** The place that the listing had reached, where the store has places. */
  readonly after?: string;
  readonly written?: WrittenLines;
}

export interface WrittenLines {
  readonly path: string;
  /** Length of the whole lines. */
  readonly bytes: number;
  readonly lines: number;
}

const NOTHING = async (): Promise<void> => {};

export const STANDARD_OUTPUT: LineOutput = {
  start: {},
  write: answer,
  reached: NOTHING,
  finish: NOTHING,
  abandon: NOTHING,
};

/** A named pipe or a device such as `/dev/null`, which is written in place. @throws InputError */
export async function deviceOutput(path: string): Promise<LineOutput> {
  const file = await writing(path, async () => openToWrite(path));
  return {
    start: {},
    write: async (bytes) => writing(path, async () => file.writeFile(bytes)),
    reached: NOTHING,
    finish: async () => file.close(),
    // Closed already after `finish`.
    abandon: async () => file.close().catch(() => {}),
  };
}
