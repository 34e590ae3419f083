/** One line of MONITOR. */
export interface MonitorLine {
  /** Unix time in milliseconds, by the server's clock. */
  readonly time: number;
  readonly database: number;
  /** `host:port` of whoever sent it; of what a script does, nobody's. */
  readonly source: string;
  readonly isScripts: boolean;
  /** In small letters. */
  readonly command: string;
  readonly args: readonly Buffer[];
}

/** As the client library hands a line on: quotes are unescaped already, other bytes are not. */
export function parsed(time: string, words: readonly string[], source: string, database: string): MonitorLine {
  const [command = '', ...args] = words;
  return {
    time: Number(time) * 1000,
    database: Number(database),
    source,
    isScripts: source === 'lua',
    command: command.toLowerCase(),
    args: args.map((arg) => unescaped(arg)),
  };
}

const LETTERS: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', n: '\n', r: '\r', t: '\t' };

/** What is no printable ASCII stands as `\xNN`, `\n`, `\r`, `\t`, `\a`, `\b` or, of a backslash, twice. */
function unescaped(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text, 'latin1');
  const bytes = text.replaceAll(/\\(x[\da-f]{2}|.)/gs, (_, escape: string) =>
    escape.length === 3 ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16)) : (LETTERS[escape] ?? escape),
  );
  return Buffer.from(bytes, 'latin1');
}
