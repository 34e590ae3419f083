import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { scratchFolder } from './scratch.js';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** What a run of the built program left. */
export interface Result {
  readonly code: null | number;
  readonly out: string;
  readonly outBytes: Buffer;
  readonly err: string;
}

export interface RunOptions {
  /** Beside PATH and a HOME of its own; nothing else of the surroundings is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** What standard input holds; nothing, and closed, when left out. */
  readonly input?: Buffer | string;
  readonly cwd?: string;
  /** What starts it, in place of Node itself: a program and its first arguments, after which Node's follow. */
  readonly through?: readonly string[];
}

/** Runs the built program to its end, without a terminal. */
export async function cachectl(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const run = start(args, options);
  run.child.stdin.on('error', () => {
    // It may end without having read everything.
  });
  run.child.stdin.end(options.input ?? '');
  return run.ended;
}

/** A run that is still going on. */
export interface Run {
  readonly child: ReturnType<typeof spawnProgram>;
  readonly ended: Promise<Result>;
  /** Resolves when standard output (or error) holds `text`; rejects when the run ends without it. */
  saw(text: string, stream?: 'err' | 'out'): Promise<void>;
  /** Standard output so far. */
  output(): string;
}

/** Starts the built program and leaves it running. */
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
  const [program, ...words] = [...through, process.execPath, PROGRAM, ...args];
  return spawn(program!, words, {
    cwd: cwd ?? home,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
