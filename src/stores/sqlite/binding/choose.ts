import { createRequire, isBuiltin } from 'node:module';

import type { Binding } from './binding.js';
import type { NodeSqlite } from './node-sqlite.js';

import { ConfigError } from '../../../errors.js';
import { betterBinding } from './better-sqlite3.js';
import { missingBinding } from './missing.js';
import { nodeBinding } from './node-sqlite.js';

/** For tests: the name of the binding. */
const VARIABLE = 'CACHECTL_SQLITE_BINDING';

let chosen: Binding | undefined;

/**
 * Return this process's binding: a complete node:sqlite, otherwise better-sqlite3.
 * @throws UnreachableError if neither is available
 */
export function sqliteBinding(): Binding {
  chosen ??= choose(process.env[VARIABLE] ?? '');
  return chosen;
}

function choose(name: string): Binding {
  if (!['', 'better-sqlite3', 'node:sqlite'].includes(name)) {
    throw new ConfigError(`${VARIABLE}: unknown binding "${name}"`, 'Use node:sqlite or better-sqlite3.');
  }

  const require = createRequire(import.meta.url);
  const library = name === 'better-sqlite3' ? undefined : nodeSqlite(require);
  if (library !== undefined) return nodeBinding(library);
  if (name === 'node:sqlite')
    throw new ConfigError(`Node ${process.versions.node} has no node:sqlite`, 'Use Node 22.16 or later.');
  try {
    return betterBinding(require);
  } catch (error) {
    throw missingBinding(error, require);
  }
}

/** Undefined below Node 22.16, where it is incomplete or missing. */
function nodeSqlite(require: NodeJS.Require): NodeSqlite | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 16) || !isBuiltin('node:sqlite')) return undefined;
  return withoutExperimentalWarning(() => require('node:sqlite') as NodeSqlite);
}

/**
 * Node 22, and the first releases of 24, print a warning that SQLite is experimental. Users cannot act on it, and the
 * tests cover these releases. Other warnings are printed.
 */
function withoutExperimentalWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = (warning: Error | string, ...rest: never[]) => {
    if (!String(warning).includes('SQLite is an experimental feature')) emitWarning(warning, ...rest);
  };

  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
