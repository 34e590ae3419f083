import { wrapToColumns } from './columns.js';

/**
 * Break each line of a text at spaces. A word that is too long stays whole.
 * @param indent the indent of all lines but the first, in columns
 */
export function wrap(text: string, columns: number, indent = 0): string {
  return text
    .split('\n')
    .flatMap((line) => wrapToColumns(line, columns, { indent, keepsWords: true }))
    .join('\n');
}

/**
 * Wrap a message for standard error. On a terminal it wraps at words with a hanging indent, and a command to copy
 * stays on one line. In a pipe or file it is unchanged.
 */
export function wrapMessage(text: string, { isTTY, columns }: MessageStream = process.stderr): string {
  if (isTTY !== true) return text;
  // A terminal without a known size reports 0 columns.
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns || 80))
    .join('\n');
}

type MessageStream = Partial<Pick<NodeJS.WriteStream, 'columns' | 'isTTY'>>;

/** A label, with the escape sequences of styled text around it. */
// eslint-disable-next-line no-control-regex -- the escape sequences of colours
const LABEL = /^(?:\u001B\[\d+m)*(error:|warning:)(?:\u001B\[\d+m)* /;

const HANG = 2;

function wrapLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)![0].length;
  const label = LABEL.exec(line)?.[1];
  const hang = indent > 0 ? indent : label === undefined ? HANG : label.length + 1;
  const text = line.replaceAll(COMMAND, (command) => command.replaceAll(' ', NO_BREAK));
  const lines = wrapToColumns(text, columns, { indent: hang, keepsWords: true });
  return lines.join('\n').replaceAll(NO_BREAK, ' ');
}

/** Replaces spaces in commands during wrapping. Messages do not contain this private-use character. */
const NO_BREAK = '\uE000';

/** A command after a colon or a verb up to the end of its sentence, text in backticks, or a flag and its value. */
const COMMAND =
  /`[^`]+`|(?<=: |\b(?:[Rr]un|[Uu]se|with) )(?:cachectl|npm|redis-cli|sqlite3|zcat|[a-z]+:[a-z]+) .*?(?=[,.;] |[,.;]?$)|--[a-z-]+ [A-Z\d]\S*/g;
