import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { CachectlError } from '../../src/errors.js';
import { mutants } from './mutants.js';
import { RUNS, SEED } from './random.js';
import { watched } from './watchdog.js';

/** A parser of bytes that someone else wrote. */
export interface Parser {
  /** Its folder in `corpus`. */
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Words of the format, which mutations insert. */
  readonly tokens: readonly string[];
  /** Parses the bytes, checks and prints the result. A refusal is thrown. */
  parse(bytes: Buffer): Promise<void> | void;
  /** Whether an error is a refusal. Others are faults. Default: the typed errors. */
  isRefusal?(error: unknown): boolean;
}

/** Seconds of CPU that one input of at most 64 KiB may take. */
const MOST_CPU = 10;

/** What one parser may add to the peak of memory, in MiB: far more than its inputs, and less than a bomb takes. */
const MOST_MEMORY = 400;

/** Parse the kept inputs and random mutants. @returns how many were parsed */
export async function fuzz(parser: Parser): Promise<number> {
  let count = 0;
  let isSlow = false;
  const names = globalNames();
  const limit = peakMemory() + MOST_MEMORY;
  const attempt = async (bytes: Buffer): Promise<void> => {
    // To shrink a slow input would take as long, many times.
    if (isSlow) return;
    count++;
    const start = process.cpuUsage();
    await watched(`${parser.name} ${bytes.toString('hex')}`, async () => check(parser, bytes));
    const { user, system } = process.cpuUsage(start);
    isSlow = user + system > MOST_CPU * 1e6;
    if (isSlow) throw new Error(`${bytes.length} bytes took ${(user + system) / 1e6} s`);
  };

  for (const { file, bytes } of keptFor(parser.name)) {
    try {
      await attempt(bytes);
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
    }
  }

  await fc.assert(
    fc.asyncProperty(mutants(parser.seeds, parser.tokens), async (bytes) => attempt(bytes)),
    {
      numRuns: RUNS,
      seed: SEED,
      reporter(details) {
        if (details.failed) throw new Error(failure(parser, details));
      },
    },
  );
  if (globalNames() !== names) throw new Error(`${parser.name} changed a global object or a prototype`);
  if (peakMemory() > limit) throw new Error(`${parser.name} took ${Math.ceil(peakMemory() - limit + MOST_MEMORY)} MiB`);
  return count;
}

async function check(parser: Parser, bytes: Buffer): Promise<void> {
  try {
    await parser.parse(bytes);
  } catch (error) {
    const isRefusal = parser.isRefusal ?? ((thrown: unknown) => thrown instanceof CachectlError);
    if (!isRefusal(error)) throw error;
  }
}

/** Keeps the input, shrunk, so that every later run begins with it. */
function failure({ name }: Parser, details: fc.RunDetails<[Buffer]>): string {
  const [bytes] = details.counterexample ?? [Buffer.alloc(0)];
  const file = path.join(CORPUS, name, createHash('sha1').update(bytes).digest('hex').slice(0, 12));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  const { errorInstance: error } = details as { readonly errorInstance?: unknown };
  const stack = error instanceof Error ? error.stack : String(error);
  return `${name} fails at ${JSON.stringify(bytes.toString('latin1').slice(0, 300))}, kept as ${file}\n${stack}`;
}

const CORPUS = fileURLToPath(new URL('corpus', import.meta.url));

/** Every input that ever broke the parser. */
function keptFor(name: string): Array<{ readonly file: string; readonly bytes: Buffer }> {
  const folder = path.join(CORPUS, name);
  let files: string[];
  try {
    files = readdirSync(folder).toSorted((one, other) => one.localeCompare(other));
  } catch {
    return [];
  }

  return files.map((file) => ({ file: `corpus/${name}/${file}`, bytes: readFileSync(path.join(folder, file)) }));
}

/** Names on the prototypes and the global object, which no input may add to. */
function globalNames(): string {
  const objects = [Object, Array, String, Number, Function, Map, Buffer].map((each) => each.prototype as object);
  return JSON.stringify([globalThis, process.env, ...objects].map((each) => Object.getOwnPropertyNames(each)));
}

/** In MiB. On other systems than Linux it is not checked. */
function peakMemory(): number {
  if (process.platform !== 'linux') return 0;
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
