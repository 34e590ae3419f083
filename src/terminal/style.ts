const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;

/** Style text for standard error. It stays plain in a pipe or with `NO_COLOR` (no-color.org). */
export function styleText(style: Style, text: string): string {
  return paint(style, text, process.stderr);
}

/** The same for standard output. */
export function styleAnswer(style: Style, text: string): string {
  return paint(style, text, process.stdout);
}

/** Whether the terminal obeys escape sequences. */
export function obeysEscapes(): boolean {
  return process.env.TERM !== 'dumb';
}

function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY || process.env.NO_COLOR || !obeysEscapes()) return text;
  const [on, off] = CODES[style];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}
