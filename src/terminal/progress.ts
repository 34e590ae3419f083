import type { Progress } from '../stores/contract/store.js';

import { formatDuration } from './durations.js';
import { notesReachAPerson } from './output.js';
import { StatusLine } from './status-line.js';

const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** The narrowest bar, in columns. A narrower terminal shows the figures only. */
const MIN_BAR_WIDTH = 8;

/** A progress bar on standard error. Prints nothing unless that is a terminal. */
export class ProgressBar {
  readonly #what: string;
  readonly #before: number;
  readonly #started = Date.now();
  readonly #line = new StatusLine();
  #drawn = 0;

  /**
   * @param what in the past tense, e.g. `removed`
   * @param before the number done by an earlier run, excluded from the rate
   */
  constructor(what: string, before = 0) {
    this.#what = what;
    this.#before = before;
  }

  readonly update = (progress: Progress): void => {
    if (!notesReachAPerson()) return;
    const now = Date.now();
    if (now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const columns = (process.stderr.columns || 80) - 1;
    this.#line.draw(this.#text(progress, (now - this.#started) / 1000, columns));
  };

  clear(): void {
    this.#line.clear();
  }

  #text({ done, total }: Progress, seconds: number, columns: number): string {
    const rate = seconds > 0.5 ? `, ${count(Math.round((done - this.#before) / seconds))}/s` : '';
    const text = `${this.#what} ${count(done)}${rate}`;
    if (total === undefined || total < done || total === 0) return text;
    const figures = `${text} of about ${count(total)}${timeLeft(done - this.#before, total - done, seconds)}`;
    const width = Math.min(BAR_WIDTH, columns - figures.length - '[] '.length);
    if (width < MIN_BAR_WIDTH) return figures;
    return `[${'='.repeat(Math.round((done / total) * width)).padEnd(width)}] ${figures}`;
  }
}

/** `, 2m 5s left`, once the rate is reliable. */
function timeLeft(done: number, left: number, seconds: number): string {
  if (done <= 0 || seconds < MIN_SECONDS) return '';
  return `, ${formatDuration(Math.ceil((left / done) * seconds))} left`;
}

/** The rate is too unreliable before this time. */
const MIN_SECONDS = 2;

/** `1234567` as `1,234,567`, without Node's formatter, which takes 10 ms to load. */
export function count(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 entry`, `2 entries`. */
export function entries(number: number): string {
  return countOf(number, 'entry', 'entries');
}

/** `1 lock`, `2 locks`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
