import { unescaped } from '../events/printed-command.js';

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
    args: args.map((arg) => Buffer.from(unescaped(arg), 'latin1')),
  };
}
