import path from 'node:path';

import type { Profile, Warn } from './profile.js';

import { ConfigError, UsageError } from '../errors.js';
import { readDriver } from './drivers.js';
import { Fields } from './fields.js';
import { findProfileFile, homeFolder, userFolder } from './file/find.js';
import { maskUrl } from './mask.js';
import { withSuggestions } from './suggest.js';
import { urlSettings } from './url/expand.js';
import { parseUrl } from './url/parse.js';

/** The choice of a profile by the command line and the environment. Missing members were not set. */
export interface ProfileChoice {
  /** The name of a profile. Undefined: the file's default. */
  readonly profile?: string;
  /** The profile file. Undefined: find it. */
  readonly config?: string;
  /** A store without a file. */
  readonly url?: string;
  /** The source of `${NAME}`, HOME, XDG_CONFIG_HOME and XDG_DATA_HOME. */
  readonly env: NodeJS.ProcessEnv;
  /** The base of relative paths, and the first folder to look for the file. */
  readonly cwd: string;
  /** Called with problems that do not prevent the use of the profile. */
  readonly warn?: Warn;
}

/**
 * Return the chosen profile, complete and checked.
 *
 * The caller decides on CACHECTL_PROFILE, CACHECTL_CONFIG and CACHECTL_URL. If `--profile` was given, it must not
 * pass a URL from the environment: both together are a contradiction here.
 * @throws ConfigError for a missing or wrong file or URL; UsageError for a URL beside a name or file
 */
export async function resolveProfile(choice: ProfileChoice): Promise<Profile> {
  return withSuggestions(async () => (choice.url === undefined ? fromFile(choice) : fromUrl(choice, choice.url)));
}

/**
 * The absolute path of the profile file: the named one, or the first one found. Undefined if there is none.
 * @throws ConfigError
 */
export async function profileFileOf({ config, env, cwd }: ProfileChoice): Promise<string | undefined> {
  if (config === '') throw new ConfigError('the name of the profile file is empty', 'Give --config a path.');
  if (config === undefined) return findProfileFile(cwd, env);
  return path.resolve(
    cwd,
    config.replace(/^~(?=\/)/, () => homeFolder(env)),
  );
}

async function fromFile(choice: ProfileChoice): Promise<Profile> {
  const { profile, env, cwd } = choice;
  const home = homeFolder(env);
  const file = await profileFileOf(choice);
  if (file === undefined) return withoutFile(profile, env);
  // This loads the YAML library, which a URL does not need.
  const { readProfile } = await import('./file/read.js');
  const { name, fields } = await readProfile({ file, profile, env, cwd });
  return readDriver(name, fields, { base: path.dirname(file), home }, choice.warn);
}

/** The profile that exists without a file. */
function withoutFile(profile: string | undefined, env: NodeJS.ProcessEnv): Profile {
  if (profile !== undefined && profile !== 'local') {
    throw new ConfigError(
      `there is no profile ${JSON.stringify(profile)}: no cachectl.yaml was found, and without one there is only "local"`,
      'Create a cachectl.yaml here or in a parent folder, or name a file with --config.',
    );
  }

  return {
    driver: 'sqlite',
    name: 'local',
    prefix: '',
    codec: 'php',
    protected: false,
    path: path.join(userFolder('data', env), 'cache.sqlite'),
    table: 'cache',
    lockTable: 'cache_locks',
    isBuiltIn: true,
  };
}

async function fromUrl({ profile, config, env, cwd, warn }: ProfileChoice, url: string): Promise<Profile> {
  if (profile !== undefined || config !== undefined) {
    const other = profile === undefined ? 'a profile file' : 'a profile';
    throw new UsageError(`a URL and ${other} both say which store to use`, 'Give one of them.');
  }

  if (url.startsWith('laravel:')) {
    const { readLaravel } = await import('./laravel/laravel.js');
    return readLaravel(url, { env, cwd, home: homeFolder(env), ...(warn !== undefined && { warn }) });
  }

  const parts = parseUrl(url, `the URL${url === '' ? '' : ` (${maskUrl(url)})`}`);
  const place = { where: 'the URL', shown: url };
  const settings = urlSettings(parts, place);
  settings.set('driver', { kind: 'scalar', value: parts.driver, ...place });
  const fields = new Fields(settings, place.where, `profile ${parts.scheme}`);
  return readDriver(parts.scheme, fields, { base: cwd, home: homeFolder(env) }, warn);
}
