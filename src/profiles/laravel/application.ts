import path from 'node:path';

import { ConfigError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';
import { readHead } from '../file/read-head.js';
import { type CacheConfig, defaultConfig, overDefaults } from './defaults.js';
import { DotenvError, own, parseDotenv } from './dotenv.js';
import { readPhpConfig } from './php-config.js';
import { at, type ConfigValue, type Env, type Traced } from './value.js';

export interface Application extends CacheConfig {
  /** The absolute path. */
  readonly folder: string;
  /** The major version. */
  readonly version: number;
  /** Undefined if only the major version is known. */
  readonly minor?: number;
  /** The sources of the configuration, one line each. */
  readonly notes: readonly string[];
}

/** The assumed version if none is found. */
const NEWEST = 13;
const OLDEST = 10;

/**
 * Read the cache configuration of a Laravel application (10 to 13). Reads the cached configuration if there is one,
 * else `.env`, `config/cache.php` and `config/database.php` over the defaults of its version. Never runs PHP code.
 * @param env the environment variables, which override `.env` as in Laravel
 * @throws ConfigError
 */
export async function readApplication(folder: string, env: NodeJS.ProcessEnv): Promise<Application> {
  const { note, ...version } = await versionOf(folder);
  const notes = [note];
  const scope = { base: folder, env: (): undefined => undefined };
  const cached = await textOf(folder, 'bootstrap/cache/config.php');
  if (cached !== undefined) {
    const root = parsed(cached, { ...scope, file: 'bootstrap/cache/config.php' });
    notes.push('bootstrap/cache/config.php (cached, so .env is not read)');
    return { folder, ...version, notes, cache: at(root, 'cache'), database: at(root, 'database') };
  }

  const lookUp = await readEnv(folder, env, notes);
  const defaults = defaultConfig(version.version, lookUp, folder);
  const missing: string[] = [];
  const fileOver = async (name: 'cache' | 'database', nested: 'connections' | 'stores'): Promise<Traced> => {
    const file = `config/${name}.php`;
    const text = await textOf(folder, file);
    (text === undefined ? missing : notes).push(file);
    if (text === undefined) return defaults[name];
    return overDefaults(defaults[name], parsed(text, { base: folder, env: lookUp, file }), version.version, nested);
  };

  const cache = await fileOver('cache', 'stores');
  const database = await fileOver('database', 'connections');
  if (missing.length > 0) notes.push(`no ${missing.join(' or ')}, so the defaults of Laravel ${version.version}`);
  return { folder, ...version, cache, database, notes };
}

function parsed(text: string, scope: { readonly base: string; readonly env: Env; readonly file: string }): Traced {
  try {
    return readPhpConfig(text, scope);
  } catch (error) {
    // The parser's message quotes the file, which may hold a password.
    const { lineNumber } = error as { readonly lineNumber?: number };
    throw new ConfigError(
      `${scope.file}${lineNumber === undefined ? '' : `:${lineNumber}`} is not PHP that can be read`,
      'Correct the file, or write a profile by hand: docs/profiles.md.',
    );
  }
}

/** Read the version from composer.lock or composer.json. Assume the newest if neither has it. */
async function versionOf(folder: string): Promise<Pick<Application, 'minor' | 'version'> & { readonly note: string }> {
  const lock = await jsonOf(folder, 'composer.lock');
  const packages = (lock as { readonly packages?: unknown } | undefined)?.packages;
  for (const each of Array.isArray(packages) ? (packages as unknown[]) : []) {
    const { name, version } = (each ?? {}) as { readonly name?: unknown; readonly version?: unknown };
    const major = name === 'laravel/framework' ? majorOf(version) : undefined;
    if (major === undefined) continue;
    const [, minor] = /^v?\d+\.(\d+)/.exec(String(version)) ?? [];
    const note = `Laravel ${String(version)} (composer.lock)`;
    return { version: clamp(major), ...(minor !== undefined && { minor: Number(minor) }), note };
  }

  const composer = await jsonOf(folder, 'composer.json');
  const required = (composer as { readonly require?: Readonly<Record<string, unknown>> } | undefined)?.require;
  const major = majorOf(required?.['laravel/framework']);
  if (major !== undefined) return { version: clamp(major), note: `Laravel ${major} (composer.json)` };
  if (lock === undefined && composer === undefined && (await textOf(folder, '.env')) === undefined) {
    throw new ConfigError(
      `${folder} is not a Laravel application: it has no composer.lock, composer.json or .env`,
      'Name the folder that holds artisan.',
    );
  }

  return { version: NEWEST, note: `no version in composer.lock, so Laravel ${NEWEST} is assumed` };
}

function majorOf(version: unknown): number | undefined {
  const [digits] = typeof version === 'string' ? (/\d+/.exec(version) ?? []) : [];
  return digits === undefined ? undefined : Number(digits);
}

function clamp(major: number): number {
  return Math.min(NEWEST, Math.max(OLDEST, major));
}

/** Read `.env.NAME` if APP_ENV is NAME and the file exists, else `.env`. */
async function readEnv(folder: string, env: NodeJS.ProcessEnv, notes: string[]): Promise<Env> {
  const special = env.APP_ENV ? `.env.${env.APP_ENV}` : undefined;
  const ofSpecial = special === undefined ? undefined : await textOf(folder, special);
  const file = ofSpecial === undefined ? '.env' : special!;
  const text = ofSpecial ?? (await textOf(folder, '.env'));
  notes.push(text === undefined ? 'no .env, so variables of the environment only' : file);
  const variables = dotenv(text ?? '', file, env);
  return (name) => {
    const outer = own(env, name);
    if (outer !== undefined) return { value: wordOf(outer), from: { place: `environment (${name})`, variable: name } };
    const found = variables.get(name);
    return found && { value: wordOf(found.value), from: { place: `${file}:${found.line} (${name})`, variable: name } };
  };
}

function dotenv(text: string, file: string, env: NodeJS.ProcessEnv): ReturnType<typeof parseDotenv> {
  try {
    return parseDotenv(text, env);
  } catch (error) {
    if (!(error instanceof DotenvError)) throw error;
    throw new ConfigError(`${file}:${error.line} ${error.problem}`, 'Laravel cannot read it either. Correct the line.');
  }
}

/** Convert Laravel's words for values that are not text. */
function wordOf(text: string): ConfigValue {
  const [, quoted] = /^"(.*)"$|^'.*'$/s.exec(text) ?? [];
  if (quoted !== undefined) return quoted;
  const word = text.toLowerCase().replace(/^\((.*)\)$/, '$1');
  return Object.hasOwn(WORDS, word) ? (WORDS[word] as ConfigValue) : text;
}

const WORDS: Readonly<Record<string, ConfigValue>> = { empty: '', false: false, null: null, true: true };

async function jsonOf(folder: string, file: string): Promise<unknown> {
  const text = await textOf(folder, file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ConfigError(
      `${path.join(folder, file)} is not JSON`,
      'Run composer install, or write a profile by hand.',
    );
  }
}

/** Read a file. Undefined if it does not exist. @throws ConfigError if it cannot be read, or is too large */
async function textOf(folder: string, name: string): Promise<string | undefined> {
  const file = path.join(folder, name);
  let bytes: Buffer;
  try {
    bytes = await readHead(file, MAX_BYTES);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError(`${file} cannot be read: ${systemReason(error)}`, 'Run cachectl as a user who may read it.', {
      cause: error,
    });
  }

  if (bytes.length <= MAX_BYTES) return bytes.toString();
  throw new ConfigError(`${file} is larger than 4 MiB`, 'Check the folder: Laravel has no such file.');
}

/** The largest is `composer.lock`, with some hundreds of kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;
