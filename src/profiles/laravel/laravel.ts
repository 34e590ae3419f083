import path from 'node:path';

import type { Profile, Warn } from '../profile.js';

import { readDriver } from '../drivers.js';
import { Fields } from '../fields.js';
import { readApplication } from './application.js';
import { profileOf } from './stores.js';

/** `laravel:DIR`, or `laravel:DIR?store=NAME` for another store than the application's default. */
const LARAVEL_URL = /^laravel:(?<folder>.*?)(?:\?store=(?<store>.+))?$/s;

/** What a profile is read from, beside the URL. */
export interface LaravelChoice {
  readonly env: NodeJS.ProcessEnv;
  /** What a relative folder begins at. */
  readonly cwd: string;
  readonly home: string;
  readonly warn?: Warn;
}

/**
 * The profile of a Laravel application's cache, read from its `.env` and configuration files.
 * @throws ConfigError
 */
export async function readLaravel(url: string, { env, cwd, home, warn }: LaravelChoice): Promise<Profile> {
  const { folder = '', store } = LARAVEL_URL.exec(url)!.groups!;
  const base = path.resolve(
    cwd,
    folder.replace(/^~(?=$|\/)/, () => home),
  );
  const application = await readApplication(base, env);
  const { entries, notes } = profileOf(application, store);
  for (const note of notes) warn?.(note);
  const fields = new Fields(entries, base, 'profile laravel');
  return readDriver('laravel', fields, { base, home }, warn);
}
