import { cutToColumns } from './columns.js';
import { obeysEscapes } from './style.js';

/** A line on a terminal's standard error that is redrawn in place, or not shown where that is impossible. */
export class StatusLine {
  #isDrawn = false;

  /** Cut the text to the width of the terminal: a line that wraps could not be erased. */
  draw(text: string): void {
    if (!obeysEscapes()) return;
    process.stderr.write(`\r\u001B[K${cutToColumns(text, (process.stderr.columns || 80) - 1)}`);
    this.#isDrawn = true;
  }

  clear(): void {
    if (this.#isDrawn) process.stderr.write('\r\u001B[K');
    this.#isDrawn = false;
  }
}
