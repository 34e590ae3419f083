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

/**
 * Lines of at most `width` columns, broken at spaces.
 * @param indent of the lines after the first, in columns
 * @param keepsWords a longer word stays whole on a line that is too long; otherwise it is broken
 */
export function wrapToColumns(
  text: string,
  width: number,
  { indent = 0, keepsWords = false }: { readonly indent?: number; readonly keepsWords?: boolean } = {},
): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer = line === undefined ? word : `${line} ${word}`;
    if (columnsOf(longer) <= width) {
      line = longer;
      continue;
    }

    if (line !== undefined) lines.push(line);
    line = lines.length === 0 ? word : ' '.repeat(indent) + word;
    if (keepsWords) continue;
    while (columnsOf(line) > width) {
      // A character of two columns goes onto a line of one.
      const head = cutToColumns(line, width) || String.fromCodePoint(line.codePointAt(0)!);
      lines.push(head);
      line = line.slice(head.length);
    }
  }

  return [...lines, line ?? ''];
}

const ASCII = /^[\u0020-\u007E]*$/;

/** What a reader takes for one character may be several, as a flag is. */
const CHARACTERS = new Intl.Segmenter();
