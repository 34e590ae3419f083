import { existsSync } from 'node:fs';
import path from 'node:path';

import type { PrefixCandidate, Prefixes } from '../../../stores/doctor/prefix-guess.js';

import { CachectlError } from '../../../errors.js';
import { countOf } from '../../../terminal/progress.js';
import { askText, chooseFrom, confirmed } from '../../../terminal/prompts.js';

/** A store that `profile:init` offers, with an example of its address. */
export const DRIVERS = {
  redis: { product: 'Redis, Valkey, KeyDB or Dragonfly', url: 'redis://127.0.0.1:6379/1' },
  memcached: { product: 'Memcached', url: 'memcached://127.0.0.1:11211' },
  mongodb: { product: 'MongoDB', url: 'mongodb://127.0.0.1:27017/laravel' },
  sqlite: { product: 'SQLite, such as the database cache of Laravel', url: 'sqlite:database/database.sqlite' },
  mysql: { product: 'MySQL or MariaDB', url: 'mysql://root@127.0.0.1:3306/laravel' },
  postgres: { product: 'PostgreSQL', url: 'postgres://postgres@127.0.0.1:5432/laravel' },
  file: { product: 'Files, the file cache of Laravel', url: 'file:storage/framework/cache/data' },
} as const;

export type DriverChoice = keyof typeof DRIVERS;

/** Ask where the cache is. @param check throws for a wrong address @returns a URL */
export async function askAddress(
  driver: DriverChoice | undefined,
  cwd: string,
  check: (url: string) => Promise<unknown>,
): Promise<string> {
  if (
    driver === undefined &&
    existsSync(path.join(cwd, 'artisan')) &&
    (await confirmed('This folder is a Laravel application. Use the settings of its cache?', true))
  ) {
    return `laravel:${cwd}`;
  }

  const chosen =
    driver ??
    (await chooseFrom('Which store is it?', Object.keys(DRIVERS) as DriverChoice[], (name) => ({
      name: DRIVERS[name].product,
      description: `driver: ${name}`,
    })));
  return askText('Its address:', DRIVERS[chosen].url, async (url) => {
    try {
      await check(url);
    } catch (error) {
      if (error instanceof CachectlError) return `${error.message}. ${error.hint}`;
      throw error;
    }
  });
}

/** Ask for the prefixes of the application; offers those that were recognized. */
export async function askPrefixes(
  candidates: readonly PrefixCandidate[],
  hasConnectionPrefix: boolean,
): Promise<Prefixes> {
  const [first] = candidates;
  if (first !== undefined) {
    const chosen = await chooseFrom(
      'Which prefix do the entries have?',
      [...candidates.slice(0, 9), undefined],
      (each) =>
        each === undefined
          ? { name: 'another one, or none', description: 'type it' }
          : {
              name: each.connectionPrefix + each.prefix,
              description: `${countOf(each.keys, 'key begins', 'keys begin')} with it`,
            },
    );
    if (chosen !== undefined) return chosen;
  }

  return {
    connectionPrefix: hasConnectionPrefix ? await askText('Prefix of the Redis connection (Enter for none):', '') : '',
    prefix: await askText('Prefix of the cache (Enter for none):', ''),
  };
}

export async function askName(preset: string): Promise<string> {
  return askText('Name of the profile:', preset, (name) =>
    isName(name) ? undefined : 'Use letters, digits, dots, underscores and hyphens.',
  );
}

export function isName(name: string): boolean {
  return /^[\w.-]{1,60}$/.test(name);
}
