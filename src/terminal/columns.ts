import stringWidth from 'string-width';

/** How many columns of a terminal a text takes: East Asian characters and emoji two, combining marks none. */
export function columnsOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The longest beginning that takes no more columns, without half a character at its end. */
export function cutToColumns(text: string, most: number): string {
  if (ASCII.test(text)) return text.slice(0, most);
  let shown = '';
  let taken = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    taken += columnsOf(segment);
    if (taken > most) break;
    shown += segment;
  }

  return shown;
}

/** Lines of at most `width` columns, broken between words; only a word that is longer is broken itself. */
export function wrapToColumns(text: string, width: number): string[] {
  if (columnsOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (columnsOf(longer) <= width) {
      line = longer;
      continue;
    }

    if (line !== '') lines.push(line);
    line = word;
    while (columnsOf(line) > width) {
      // A character of two columns goes onto a line of one.
      const head = cutToColumns(line, width) || String.fromCodePoint(line.codePointAt(0)!);
      lines.push(head);
      line = line.slice(head.length);
    }
  }

  return [...lines, line];
}

const ASCII = /^[\u0020-\u007E]*$/;

/** What a reader takes for one character may be several, as a flag is. */
const CHARACTERS = new Intl.Segmenter();
