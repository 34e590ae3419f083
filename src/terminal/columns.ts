import stringWidth from 'string-width';

/** The width of a text in terminal columns: two for East Asian characters and emoji, none for combining marks. */
export function columnsOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Cut a text to at most `most` columns, at a character boundary. */
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
 * Break a text at spaces into lines of at most `width` columns.
 * @param indent the indent of all lines but the first, in columns
 * @param keepsWords keep a word longer than the line whole instead of breaking it
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
      // A two-column character still has to go somewhere if the line has one column.
      const head = cutToColumns(line, width) || String.fromCodePoint(line.codePointAt(0)!);
      lines.push(head);
      line = line.slice(head.length);
    }
  }

  return [...lines, line ?? ''];
}

const ASCII = /^[\u0020-\u007E]*$/;

/** One visible character can be several code points, such as a flag. */
const CHARACTERS = new Intl.Segmenter();
