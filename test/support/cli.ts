import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { scratchFolder } from './scratch.js';

/** The built program, or the standalone program of test/install/standalone.test.ts. */
const PROGRAM = process.env.CACHECTL_TEST_PROGRAM
  ? [process.env.CACHECTL_TEST_PROGRAM]
  : [process.execPath, fileURLToPath(new URL('../../bin/run.js', import.meta.url))];

/** The result of a run of the built program. */
export interface Result {
  readonly code: null | number;
  readonly out: string;
  readonly outBytes: Buffer;
  readonly err: string;
}

export interface RunOptions {
  /** Added to PATH and a temporary HOME. Nothing else of the environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. Default: empty and closed. */
  readonly input?: Buffer | string;
  readonly cwd?: string;
  /** A program and its first arguments that start Node, instead of Node itself. */
  readonly through?: readonly string[];
}

/** Run the built program to its end, without a terminal. */
export async function cachectl(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const run = start(args, options);
  run.child.stdin.on('error', () => {
    // It may end without reading all of its input.
  });
  run.child.stdin.end(options.input ?? '');
  const late = setTimeout(() => console.error(`still running: cachectl ${args.join(' ')}\n${run.output()}`), LATE_MS);
  return run.ended.finally(() => clearTimeout(late));
}

/** Shortly before the case ends with its timeout, which does not say what it waited for. */
const LATE_MS = 80_000;

/** A run in progress. */
export interface Run {
  readonly child: ReturnType<typeof spawnProgram>;
  readonly ended: Promise<Result>;
  /** Resolves when standard output (or error) contains `text`. Rejects if the run ends without it. */
  saw(text: string, stream?: 'err' | 'out'): Promise<void>;
  /** Standard output so far. */
  output(): string;
}

/** Start the built program and leave it running. */
export function start(args: readonly string[], options: RunOptions = {}): Run {
  const child = spawnProgram(args, options);
  const chunks: Record<'err' | 'out', Buffer[]> = { err: [], out: [] };
  const text = (stream: 'err' | 'out'): string => Buffer.concat(chunks[stream]).toString();
  child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
  const ended = new Promise<Result>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out: text('out'), outBytes: Buffer.concat(chunks.out), err: text('err') });
    });
  });
  return {
    child,
    ended,
    output: () => text('out'),
    async saw(wanted, stream = 'out') {
      const source = stream === 'out' ? child.stdout : child.stderr;
      while (!text(stream).includes(wanted)) {
        const more = new Promise<boolean>((resolve) => {
          source.once('data', () => resolve(true));
        });
        const over = ended.then(() => false);
        if (!(await Promise.race([more, over])) && !text(stream).includes(wanted)) {
          throw new Error(`ended without saying "${wanted}": ${text('out')}${text('err')}`);
        }
      }
    },
  };
}

let home: string | undefined;

function spawnProgram(args: readonly string[], { cwd, env = {}, through = [] }: RunOptions) {
  home ??= scratchFolder('home');
  const [program, ...words] = [...through, ...PROGRAM, ...args];
  return spawn(program!, words, {
    cwd: cwd ?? home,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
