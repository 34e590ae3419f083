import path from 'node:path';

import type { Profile, Warn } from './profile.js';
import type { Setting } from './settings.js';
import type { StatedProfile } from './stated.js';

import { ConfigError, UsageError } from '../errors.js';
import { readDriver } from './drivers.js';
import { Fields } from './fields.js';
import { findProfileFile, homeFolder, userFolder } from './file/find.js';
import { maskUrl } from './mask.js';
import { type PasswordCommand, withPasswords } from './password.js';
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
  /** Called with where the settings of a Laravel application come from. */
  readonly note?: Warn;
}

/**
 * Return the chosen profile, complete and checked.
 *
 * The caller decides on CACHECTL_PROFILE, CACHECTL_CONFIG and CACHECTL_URL. If `--profile` was given, it must not
 * pass a URL from the environment: both together are a contradiction here.
 * @throws ConfigError for a missing or wrong file or URL; UsageError for a URL beside a name or file
 */
export async function resolveProfile(choice: ProfileChoice): Promise<Profile> {
  return withSuggestions(async () => {
    const stated = await stateProfile(choice);
    const run = async (command: PasswordCommand): Promise<string> => {
      const { runPasswordCommand } = await import('./password-command.js');
      return runPasswordCommand(command, choice.env);
    };

    return completeProfile(stated, run, choice.warn);
  });
}

/**
 * What the chosen profile states, before it is checked.
 * @throws ConfigError, UnknownName, UsageError
 */
export async function stateProfile(choice: ProfileChoice): Promise<StatedProfile> {
  return choice.url === undefined ? fromFile(choice) : fromUrl(choice, choice.url);
}

/**
 * The profile with all defaults, checked.
 * @param passwordBy returns the password for a `passwordCommand`
 * @throws ConfigError, UnknownName
 */
export async function completeProfile(
  { name, fields, folders, isBuiltIn }: StatedProfile,
  passwordBy: (command: PasswordCommand) => Promise<string>,
  warn?: Warn,
): Promise<Profile> {
  const profile = await readDriver(name, await withPasswords(fields, folders, passwordBy), folders, warn);
  return profile.driver === 'sqlite' && isBuiltIn ? { ...profile, isBuiltIn } : profile;
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

async function fromFile(choice: ProfileChoice): Promise<StatedProfile> {
  const { profile, env, cwd } = choice;
  // Not shown, because it may contain a password.
  if (profile !== undefined && URL_SCHEME.test(profile)) {
    throw new ConfigError(
      'a profile is chosen by its name, not by a URL',
      'Use --url URL, or --to-url URL for the target of copy.',
    );
  }

  const home = homeFolder(env);
  const file = await profileFileOf(choice);
  if (file === undefined) return withoutFile(profile, env);
  // This loads the YAML library, which a URL does not need.
  const { readProfile } = await import('./file/read.js');
  const read = await readProfile({ file, profile, env, cwd });
  const found = choice.config === undefined ? { foundFile: file } : {};
  return { ...read, folders: { base: path.dirname(file), home, ...found }, file };
}

/** The profile that exists without a file. */
function withoutFile(profile: string | undefined, env: NodeJS.ProcessEnv): StatedProfile {
  if (profile !== undefined && profile !== 'local') {
    throw new ConfigError(
      `there is no profile ${JSON.stringify(profile)}: no cachectl.yaml was found, and without one there is only "local"`,
      'Create a cachectl.yaml here or in a parent folder, or name a file with --config.',
    );
  }

  // A CI service passes a secret that it lacks as an empty text. A lock on the runner's own disk would exclude nobody.
  const empty = profile === undefined ? SELECTING.find((name) => env[name] === '') : undefined;
  if (empty !== undefined) {
    throw new ConfigError(
      `${empty} is empty, and no cachectl.yaml was found`,
      'In CI, check that this job gets the secret. For the embedded store, unset the variable.',
    );
  }

  const folder = userFolder('data', env);
  const settings = new Map([
    ['driver', builtIn('sqlite')],
    ['path', builtIn(path.join(folder, 'cache.sqlite'))],
  ]);
  return {
    name: 'local',
    fields: new Fields(settings, BUILT_IN, 'profile local'),
    folders: { base: folder, home: homeFolder(env) },
    isBuiltIn: true,
  };
}

const URL_SCHEME = /^[a-z+]+:\/\/|^(?:sqlite|laravel):/;

const SELECTING = ['CACHECTL_URL', 'CACHECTL_PROFILE', 'CACHECTL_CONFIG'];

const BUILT_IN = 'built in';

function builtIn(value: string): Setting {
  return { kind: 'scalar', value, shown: value, where: BUILT_IN };
}

async function fromUrl({ profile, config, env, cwd, warn, note }: ProfileChoice, url: string): Promise<StatedProfile> {
  if (profile !== undefined || config !== undefined) {
    const other = profile === undefined ? 'a profile file' : 'a profile';
    throw new UsageError(`a URL and ${other} both select a store`, 'Give one of them.');
  }

  // Node replaces such bytes, so a prefix or path would be another one.
  if (url.includes('\uFFFD')) {
    throw new ConfigError(
      `the URL (${maskUrl(url)}) contains U+FFFD, which replaces bytes that are not UTF-8`,
      'Write the URL as UTF-8, and U+FFFD itself as %EF%BF%BD.',
    );
  }

  if (url.startsWith('laravel:')) {
    const { readLaravel } = await import('./laravel/laravel.js');
    return readLaravel(url, { env, cwd, home: homeFolder(env), warn, note });
  }

  const parts = parseUrl(url, `the URL${url === '' ? '' : ` (${maskUrl(url)})`}`);
  const place = { where: 'the URL', shown: url };
  const settings = urlSettings(parts, place);
  settings.set('driver', { kind: 'scalar', value: parts.driver, ...place });
  const fields = new Fields(settings, place.where, `profile ${parts.scheme}`);
  return { name: parts.scheme, fields, folders: { base: cwd, home: homeFolder(env) } };
}
