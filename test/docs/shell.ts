import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { drawn, textOn } from '../support/screen.js';

const COLUMNS = 200;

/** The result of a command. */
export interface Ran {
  readonly code: number;
  /** Standard output and error: unchanged in a pipe; on a terminal, what it shows at the end. */
  readonly output: string;
  /** What the terminal was sent. */
  readonly sent: string;
}

/** One bash for all commands of a page, so that they share variables and `$?` as they do for a reader. */
export class Shell {
  readonly #child;
  readonly #folder: string;
  #printed = '';

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#child = spawn('bash', [], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
    });
  }

  /** Run a command as it is typed, with its output in a pipe or on a terminal. */
  async run(command: string, atTerminal = false, columns = COLUMNS): Promise<Ran> {
    const file = path.join(this.#folder, '.output');
    // `script` ends its command with an end of input when its own input ends.
    const typed = atTerminal
      ? `script -qec ${quoted(`stty cols ${columns}\n${command}`)} /dev/null`
      : `{ ${command}\n}`;
    this.#printed = '';
    this.#child.stdin.write(`${typed} >'${file}' 2>&1 </dev/null\n__=$?; echo "exit $__"; (exit $__)\n`);
    const code = await this.#code(command);
    const sent = readFileSync(file, 'utf8');
    return { code, sent, output: atTerminal ? textOn(await drawn(sent, columns)) : sent };
  }

  async end(): Promise<void> {
    this.#child.stdin.end('kill $(jobs -p) 2>/dev/null\n');
    if (this.#child.exitCode === null) {
      await new Promise((resolve) => {
        this.#child.once('close', resolve);
      });
    }
  }

  async #code(command: string): Promise<number> {
    for (;;) {
      const [, code] = /exit (\d+)\n/.exec(this.#printed) ?? [];
      if (code !== undefined) return Number(code);
      await new Promise<void>((resolve, reject) => {
        const ended = (): void => reject(new Error(`this ended the shell: ${command}`));
        this.#child.once('close', ended);
        this.#child.stdout.once('data', () => {
          this.#child.off('close', ended);
          resolve();
        });
      });
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
