import type { Holding, LockTimeline } from './lock-timeline.js';

import { whoText } from './lock-fields.js';
import { secondsText } from './lock-report.js';
import { answer } from './output.js';
import { count } from './progress.js';
import { styleAnswer } from './style.js';
import { forTerminal, lineField } from './value-text.js';

/** How often the state is drawn anew, in milliseconds. */
const REDRAW_MS = 250;

/**
 * A timeline that scrolls on a terminal, and under it the state of each lock, which is drawn anew in its place. What has
 * scrolled by stays to be read.
 */
export class LockScreen {
  readonly #timelines: readonly LockTimeline[];
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(timelines: readonly LockTimeline[]) {
    this.#timelines = timelines;
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS);
    this.#redraw();
  }

  /** A line of the timeline. @throws ClosedPipeError */
  async print(line: string): Promise<void> {
    const state = this.#state();
    await answer(this.#erased() + line + state.join(''));
    this.#drawn = state.length;
  }

  /** Takes the state away, so that the summary stands in its place. */
  end(): void {
    clearInterval(this.#timer);
    process.stdout.write(this.#erased());
    this.#drawn = 0;
  }

  #redraw(): void {
    const state = this.#state();
    process.stdout.write(this.#erased() + state.join(''));
    this.#drawn = state.length;
  }

  /** Up to where the state begins, and away with it. */
  #erased(): string {
    return this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A\r\u001B[J`;
  }

  /** A line each, no longer than the terminal is wide: one that wraps could not be taken away again. */
  #state(): string[] {
    return this.#timelines.map((timeline) => {
      const { name, holder, acquisitions, refused } = timeline.summary;
      const text = `${name}: ${holder === undefined ? 'free' : heldText(holder)}; ${count(acquisitions)} acquired, ${count(refused)} refused`;
      const line = forTerminal(Buffer.from(lineField(text))).slice(0, (process.stdout.columns || 80) - 1);
      return `${styleAnswer('bold', line)}\n`;
    });
  }
}

function heldText(holder: Holding): string {
  const lasts = holder.since === undefined ? '' : ` for ${secondsText((Date.now() - holder.since.getTime()) / 1000)}`;
  return `held${lasts} by ${whoText(holder)}`;
}
