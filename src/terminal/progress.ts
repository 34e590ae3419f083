import type { Progress } from '../stores/contract/store.js';

import { formatDuration } from './durations.js';
import { notesReachAPerson } from './output.js';

const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** A progress bar on a terminal's standard error; nothing anywhere else. */
export class ProgressBar {
  readonly #what: string;
  readonly #before: number;
  readonly #started = Date.now();
  #drawn = 0;

  /**
   * @param what in the past tense, e.g. `removed`
   * @param before how much of it an earlier run did, which says nothing of how fast this one is
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
    process.stderr.write(`\r\u001B[K${this.#line(progress, (now - this.#started) / 1000)}`);
  };

  /** Takes the bar away, so that the answer stands alone. */
  clear(): void {
    if (this.#drawn > 0) process.stderr.write('\r\u001B[K');
    this.#drawn = 0;
  }

  #line({ done, total }: Progress, seconds: number): string {
    const rate = seconds > 0.5 ? `, ${count(Math.round((done - this.#before) / seconds))}/s` : '';
    const text = `${this.#what} ${count(done)}${rate}`;
    if (total === undefined || total < done || total === 0) return text;
    const filled = Math.round((done / total) * BAR_WIDTH);
    return `[${'='.repeat(filled).padEnd(BAR_WIDTH)}] ${text} of about ${count(total)}${timeLeft(done - this.#before, total - done, seconds)}`;
  }
}

/** `, 2m 5s left`, once it can be said. */
function timeLeft(done: number, left: number, seconds: number): string {
  if (done <= 0 || seconds < SOME_SECONDS) return '';
  return `, ${formatDuration(Math.ceil((left / done) * seconds))} left`;
}

/** Before, the rate is not known well enough. */
const SOME_SECONDS = 2;

/** `1234567` as `1,234,567`. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `1 entry`, `2 entries`. */
export function entries(number: number): string {
  return countOf(number, 'entry', 'entries');
}

/** `1 lock`, `2 locks`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
