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

/** What the command line and its environment ask for; a member that is absent was not asked for. */
export interface ProfileChoice {
  /** The name of a profile. Undefined: the file's default. */
  readonly profile?: string;
  /** The profile file. Undefined: it is looked for. */
  readonly config?: string;
  /** A store without a file. */
  readonly url?: string;
  /** What `${NAME}` is looked up in; HOME, XDG_CONFIG_HOME and XDG_DATA_HOME too. */
  readonly env: NodeJS.ProcessEnv;
  /** What relative paths begin at, and where the file is looked for first. */
  readonly cwd: string;
  /** Hears of what does not keep the profile from being used. */
  readonly warn?: Warn;
}

/**
 * The profile to work with, complete and checked.
 *
 * CACHECTL_PROFILE, CACHECTL_CONFIG and CACHECTL_URL are the caller's to weigh: when `--profile` was given, it
 * must pass no URL that only the environment has, for here both together are a contradiction.
 * @throws ConfigError for a file or URL that is missing or wrong; UsageError for a URL beside a name or file
 */
export async function resolveProfile(choice: ProfileChoice): Promise<Profile> {
  return withSuggestions(async () => (choice.url === undefined ? fromFile(choice) : fromUrl(choice, choice.url)));
}

/**
 * The profile file that is used, absolute: the one that is named, or the first that is found. Undefined: there is none.
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
  // With it comes the YAML library, which a URL does without.
  const { readProfile } = await import('./file/read.js');
  const { name, fields } = await readProfile({ file, profile, env, cwd });
  return readDriver(name, fields, { base: path.dirname(file), home }, choice.warn);
}

/** The one profile there is with no file at all. */
function withoutFile(profile: string | undefined, env: NodeJS.ProcessEnv): Profile {
  if (profile !== undefined && profile !== 'local') {
    throw new ConfigError(
      `there is no profile ${JSON.stringify(profile)}: no cachectl.yaml was found, and without one there is only "local"`,
      'Write a cachectl.yaml here or in a folder above, or name it with --config.',
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

  const parts = parseUrl(url, `the URL${url === '' ? '' : ` (${maskUrl(url)})`}`);
  const place = { where: 'the URL', shown: url };
  const settings = urlSettings(parts, place);
  settings.set('driver', { kind: 'scalar', value: parts.driver, ...place });
  const fields = new Fields(settings, place.where, `profile ${parts.scheme}`);
  return readDriver(parts.scheme, fields, { base: cwd, home: homeFolder(env) }, warn);
}
