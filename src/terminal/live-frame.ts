import { columnsOf, cutToColumns } from './columns.js';
import { obeysEscapes } from './style.js';

/** Several lines on standard output that are redrawn in place, or printed one after the other where that is impossible. */
export class LiveFrame {
  #drawn = 0;

  /** Cut the text to the terminal's size: lines that wrap or scroll away could not be erased. */
  draw(text: string): void {
    const { columns, rows } = process.stdout;
    // A terminal of unknown size reports 0.
    const [width, height] = [(columns || 80) - 1, (rows || 24) - 1];
    const lines = text.trimEnd().split('\n').slice(0, Math.max(1, height));
    process.stdout.write(`${this.#erased()}${lines.map((line) => `${cut(line, width)}\n`).join('')}`);
    this.#drawn = lines.length;
  }

  clear(): void {
    process.stdout.write(this.#erased());
    this.#drawn = 0;
  }

  #erased(): string {
    return this.#drawn === 0 || !obeysEscapes() ? '' : `\u001B[${this.#drawn}A\r\u001B[J`;
  }
}

const STYLES = new RegExp(`(${'\u001B'}\\[[\\d;]*m)`);

/** Cut a line to `width` columns. Colour codes take none. */
function cut(line: string, width: number): string {
  let room = width;
  return line
    .split(STYLES)
    .map((part) => {
      if (STYLES.test(part)) return part;
      const shown = cutToColumns(part, Math.max(0, room));
      room -= columnsOf(shown);
      return shown;
    })
    .join('');
}
