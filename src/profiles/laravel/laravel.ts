import path from 'node:path';

import type { Warn } from '../profile.js';
import type { StatedProfile } from '../stated.js';

import { Fields } from '../fields.js';
import { readApplication } from './application.js';
import { profileOf } from './stores.js';

/** `laravel:DIR`, or `laravel:DIR?store=NAME` for a store other than the default. */
const LARAVEL_URL = /^laravel:(?<folder>.*?)(?:\?store=(?<store>.+))?$/s;

/** The context of a URL. */
export interface LaravelChoice {
  readonly env: NodeJS.ProcessEnv;
  /** The base of relative folders. */
  readonly cwd: string;
  readonly home: string;
  readonly warn?: Warn | undefined;
  readonly note?: Warn | undefined;
}

/**
 * The settings of a Laravel application's cache, read from its `.env` and configuration files.
 * @throws ConfigError
 */
export async function readLaravel(url: string, { env, cwd, home, warn, note }: LaravelChoice): Promise<StatedProfile> {
  const { folder = '', store } = LARAVEL_URL.exec(url)!.groups!;
  const base = path.resolve(
    cwd,
    folder.replace(/^~(?=$|\/)/, () => home),
  );
  const application = await readApplication(base, env);
  const profile = profileOf(application, store);
  note?.([`cache store ${profile.store}`, ...application.notes].join('; '));
  for (const text of profile.notes) warn?.(text);
  return {
    name: 'laravel',
    fields: new Fields(profile.entries, base, 'profile laravel'),
    folders: { base, home },
  };
}
