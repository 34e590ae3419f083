import { createRequire, isBuiltin } from 'node:module';

import type { Binding } from './binding.js';
import type { NodeSqlite } from './node-sqlite.js';

import { ConfigError } from '../../../errors.js';
import { betterBinding } from './better-sqlite3.js';
import { missingBinding } from './missing.js';
import { nodeBinding } from './node-sqlite.js';

/** For tests: the name of the one binding to use. */
const VARIABLE = 'CACHECTL_SQLITE_BINDING';

let chosen: Binding | undefined;

/**
 * The binding of this process: node:sqlite where Node has one that does all we need, else better-sqlite3.
 * @throws UnreachableError where there is neither
 */
export function sqliteBinding(): Binding {
  chosen ??= choose(process.env[VARIABLE] ?? '');
  return chosen;
}

function choose(name: string): Binding {
  if (!['', 'better-sqlite3', 'node:sqlite'].includes(name)) {
    throw new ConfigError(`${VARIABLE}: unknown binding "${name}"`, 'There are node:sqlite and better-sqlite3.');
  }

  const require = createRequire(import.meta.url);
  const library = name === 'better-sqlite3' ? undefined : nodeSqlite(require);
  if (library !== undefined) return nodeBinding(library);
  if (name === 'node:sqlite') throw new ConfigError(`Node ${process.versions.node} has no node:sqlite`, 'Use 22.16.');
  try {
    return betterBinding(require);
  } catch (error) {
    throw missingBinding(error, require);
  }
}

/** Undefined below Node 22.16, whose own lacks what we need, or has none. */
function nodeSqlite(require: NodeJS.Require): NodeSqlite | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 16) || !isBuiltin('node:sqlite')) return undefined;
  return withoutExperimentalWarning(() => require('node:sqlite') as NodeSqlite);
}

/**
 * Node 22, and the first releases of 24, warn once that SQLite is experimental. A user of the program cannot act on that:
 * the tests run on these releases. Any other warning is printed.
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
