import type { IBufferCell, IBufferLine, Terminal } from '@xterm/headless';

const FONT_SIZE = 14;
const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 14;
const FOREGROUND = '#d4d4d4';
const BACKGROUND = '#1e1e1e';

/** The 16 colours of a terminal. */
const COLOURS = [
  '#1e1e1e',
  '#f14c4c',
  '#6cc26c',
  '#e5c07b',
  '#6aa9f4',
  '#d670d6',
  '#4ec9d4',
  '#d4d4d4',
  '#808080',
  '#ff6b6b',
  '#8fdf8f',
  '#f5d78a',
  '#8cc4ff',
  '#e88ce8',
  '#7fe3ec',
  '#ffffff',
];

/** A run of cells of one style. */
interface Span {
  readonly column: number;
  readonly style: string;
  text: string;
  columns: number;
}

/** An SVG of a terminal: the command behind a prompt, then the lines up to the last one with text. */
export function svgOf(terminal: Terminal, command: string): string {
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, row) => active.getLine(row)!);
  while (lines.at(-1)?.translateToString(true) === '') lines.pop();
  const width = Math.ceil(2 * MARGIN + terminal.cols * CELL_WIDTH);
  const height = 2 * MARGIN + (lines.length + 1) * LINE_HEIGHT;
  const rows = [[{ column: 0, style: 'font-weight="bold"', text: `$ ${command}`, columns: command.length + 2 }]];
  const texts = [...rows, ...lines.map((line) => spansOf(line, terminal.cols))].flatMap((spans, row) =>
    spans.map((span) => textOf(span, row)),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(command)}</title>
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}" fill="${FOREGROUND}" xml:space="preserve">
${texts.join('\n')}
</g>
</svg>
`;
}

function spansOf(line: IBufferLine, columns: number): readonly Span[] {
  const spans: Span[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column)!;
    // The second half of a wide character.
    if (cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const text = cell.getChars() || ' ';
    const last = spans.at(-1);
    if (last?.style === style) {
      last.text += text;
      last.columns += cell.getWidth();
    } else spans.push({ column, style, text, columns: cell.getWidth() });
  }

  return spans.filter(({ text }) => text.trim() !== '');
}

function styleOf(cell: IBufferCell): string {
  const colour = cell.isFgPalette() ? COLOURS[cell.getFgColor()] : undefined;
  return [
    colour === undefined ? '' : `fill="${colour}"`,
    cell.isBold() ? 'font-weight="bold"' : '',
    cell.isDim() ? 'opacity="0.65"' : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** The width is given, so that columns line up in every font. */
function textOf({ column, style, text, columns }: Span, row: number): string {
  const indent = text.length - text.trimStart().length;
  const length = ((columns - indent - (text.length - text.trimEnd().length)) * CELL_WIDTH).toFixed(1);
  const x = (MARGIN + (column + indent) * CELL_WIDTH).toFixed(1);
  const y = MARGIN + row * LINE_HEIGHT + FONT_SIZE;
  const attributes = [`x="${x}" y="${y}" textLength="${length}"`, style].filter(Boolean).join(' ');
  return `<text ${attributes}>${escaped(text.trim())}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
