import type { Terminal } from '@xterm/headless';

import headless from '@xterm/headless';

/** Draw what a program printed on a terminal. The scrollback keeps every line. */
export async function drawn(printed: string, columns: number, rows = 100): Promise<Terminal> {
  const terminal = new headless.Terminal({ cols: columns, rows, scrollback: 100_000, allowProposedApi: true });
  await new Promise<void>((resolve) => {
    terminal.write(printed, resolve);
  });
  return terminal;
}

/** The lines of a terminal, without white space and empty lines at the end. */
export function textOn(terminal: Terminal): string {
  const { length } = terminal.buffer.active;
  const line = (row: number): string => terminal.buffer.active.getLine(row)?.translateToString(true) ?? '';
  return Array.from({ length }, (_, row) => line(row))
    .join('\n')
    .trimEnd();
}
