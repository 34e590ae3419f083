import { columnsOf } from './columns.js';

/**
 * Breaks a text at its spaces. Line breaks in it stay; a word that is too long stays whole.
 * @param indent of the lines after the first, in columns
 */
export function wrap(text: string, columns: number, indent = 0): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns, ' '.repeat(indent)))
    .join('\n');
}

function wrapLine(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (columnsOf(line) + 1 + columnsOf(word) <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }

  return [...lines, line].join('\n');
}
