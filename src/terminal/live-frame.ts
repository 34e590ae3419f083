import { columnsOf, cutToColumns } from './columns.js';

/** A text of some lines that is drawn on standard output again and again in its place. */
export class LiveFrame {
  #drawn = 0;

  /** Cut to the terminal's size: what wraps or scrolls by could not be taken away again. */
  draw(text: string): void {
    const { columns, rows } = process.stdout;
    // A terminal that nobody told its size says 0.
    const [width, height] = [(columns || 80) - 1, (rows || 24) - 1];
    const lines = text.trimEnd().split('\n').slice(0, Math.max(1, height));
    process.stdout.write(`${this.#erased()}${lines.map((line) => `${cut(line, width)}\n`).join('')}`);
    this.#drawn = lines.length;
  }

  /** Takes it away. */
  clear(): void {
    process.stdout.write(this.#erased());
    this.#drawn = 0;
  }

  #erased(): string {
    return this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A\r\u001B[J`;
  }
}

/** A colour code. */
const STYLES = new RegExp(`(${'\u001B'}\\[[\\d;]*m)`);

/** What stands in colour codes takes no room. */
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
