import type { Context } from 'mocha';

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Require an installed program (`php`, `redis-server`) and return its path. If it is missing, the tests of `context`
 * are skipped with a notice. With `CI=true` they fail, so that no build passes untested.
 */
export function requireProgram(context: Context, program: string): string {
  return programPath(program) ?? lacking(context, `the program "${program}" is not on PATH`);
}

/** The same for a server that `scripts/test-redis.sh` unpacked (`valkey-server-9`). */
export function requireCached(context: Context, program: string): string {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const file = path.join(cache, 'cachectl-test', program);
  return isExecutable(file) ? file : lacking(context, `${program} is not installed (sh scripts/test-redis.sh)`);
}

/** The same for anything else. `what` says briefly what is missing. */
export function lacking(context: Context, what: string): never {
  if (process.env.CI === 'true') throw new Error(`${what}, and CI=true lets no test be skipped`);
  process.stderr.write(`\n  WARNING: ${what}: what needs it is NOT TESTED\n`);
  // eslint-disable-next-line mocha/no-skipped-tests -- said aloud above, and refused under CI
  return context.skip();
}

/** The path of a program. Undefined if it is not on PATH. */
export function programPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, program))
    .find((candidate) => isExecutable(candidate));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Missing or not executable.
    return false;
  }
}
