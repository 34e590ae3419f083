import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Keys to type when new output appears. */
export interface Typing {
  readonly prompt: RegExp | string;
  readonly keys: string;
  /** Runs before they are typed. */
  meanwhile?(): Promise<unknown>;
}

/** The result of a run at a terminal. */
export interface Shown {
  readonly code: null | number;
  /** Everything drawn, in order, without colours and cursor moves. */
  readonly screen: string;
  readonly coloured: string;
}

/** Run the built program on its own terminal (script, of util-linux), and type. */
export async function onTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ...typings: readonly Typing[]
): Promise<Shown> {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [...typings];
  let screen = '';
  let unanswered = '';
  // A character may arrive in two parts.
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    screen += chunk;
    unanswered += chunk;
    const [next] = waiting;
    if (next === undefined || !shows(stripVTControlCharacters(unanswered), next.prompt)) return;
    waiting.shift();
    unanswered = '';
    (next.meanwhile?.() ?? Promise.resolve()).then(
      () => child.stdin.write(next.keys),
      () => child.kill(),
    );
  });
  const code = await new Promise<null | number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, screen: stripVTControlCharacters(screen), coloured: screen };
}

function shows(text: string, prompt: Typing['prompt']): boolean {
  return typeof prompt === 'string' ? text.includes(prompt) : prompt.test(text);
}
