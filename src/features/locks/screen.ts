import type { Holding, LockTimeline } from './timeline.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { LiveFrame } from '../../terminal/live-frame.js';
import { answer } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';
import { secondsText } from './report.js';
import { whoText } from './text.js';

/** How often to redraw the state, in milliseconds. */
const REDRAW_MS = 250;

/** A scrolling timeline with the current state of each lock below it. */
export class LockScreen {
  readonly #timelines: readonly LockTimeline[];
  readonly #timer: NodeJS.Timeout;
  readonly #state = new LiveFrame();

  constructor(timelines: readonly LockTimeline[]) {
    this.#timelines = timelines;
    // Not at once: the first look at the locks, which finds their holders, is still under way.
    this.#timer = setInterval(() => this.draw(), REDRAW_MS);
  }

  /** Print a line of the timeline. @throws ClosedPipeError */
  async print(line: string): Promise<void> {
    this.clear();
    await answer(line);
    this.draw();
  }

  /** Remove the state, so that the summary takes its place. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  clear(): void {
    this.#state.clear();
  }

  draw(): void {
    const most = Math.max(1, (process.stdout.rows || 24) - 2);
    const shown = this.#timelines.slice(0, this.#timelines.length > most + 1 ? most : undefined);
    const lines = shown.map((timeline) => stateOf(timeline));
    if (shown.length < this.#timelines.length) lines.push(`and ${count(this.#timelines.length - shown.length)} more`);
    this.#state.draw(lines.join('\n'));
  }
}

function stateOf({ summary: { name, holder, acquisitions, refused } }: LockTimeline): string {
  const text = `${printKey(name)}: ${holder === undefined ? 'free' : heldText(holder)}; ${count(acquisitions)} acquired, ${count(refused)} refused`;
  return styleAnswer('bold', forTerminal(Buffer.from(lineField(text))));
}

function heldText(holder: Holding): string {
  const duration =
    holder.since === undefined ? '' : ` for ${secondsText((Date.now() - holder.since.getTime()) / 1000)}`;
  return `held${duration} by ${whoText(holder)}`;
}
