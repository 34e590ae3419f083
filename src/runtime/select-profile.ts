import type { Profile } from '../profiles/profile.js';
import type { ProfileChoice } from '../profiles/resolve.js';
import type { StatedProfile } from '../profiles/stated.js';
import type { GlobalFlags } from './flags.js';

import { UsageError } from '../errors.js';
import { profileFileOf, resolveProfile } from '../profiles/resolve.js';
import { withSuggestions } from '../profiles/suggest.js';
import { note, warn } from '../terminal/output.js';

export async function selectProfile(flags: SelectingFlags): Promise<Profile> {
  return resolveProfile(chooseProfile(flags).choice);
}

export type SelectingFlags = Pick<GlobalFlags, 'config' | 'laravel' | 'profile' | 'url'>;

/** The selection and its origin (`--profile`, `CACHECTL_URL`), which is undefined for defaults. */
export interface Chosen {
  readonly choice: ProfileChoice;
  readonly profileBy: string | undefined;
  readonly configBy: string | undefined;
  readonly urlBy: string | undefined;
}

/**
 * Select a profile. Any flag overrides the environment, so `--profile` works in a shell with CACHECTL_URL. Among
 * variables the URL wins, because it is the most specific.
 */
export function chooseProfile(flags: SelectingFlags): Chosen {
  const [one, other] = (['url', 'laravel', 'profile', 'config'] as const).filter((name) => flags[name] !== undefined);
  if (other !== undefined && one !== 'profile') {
    throw new UsageError(`--${one} and --${other} both select a store`, 'Give one of them.');
  }

  const { env } = process;
  const common = { env, cwd: process.cwd(), warn, note };
  const url = flags.laravel === undefined ? flags.url : `laravel:${flags.laravel}`;
  const found = url ?? (one === undefined ? nonEmpty(env.CACHECTL_URL) : undefined);
  if (found !== undefined) {
    const urlBy = url === undefined ? 'CACHECTL_URL' : `--${one}`;
    return { choice: { ...common, url: found }, urlBy, profileBy: undefined, configBy: undefined };
  }

  const profile = flags.profile ?? nonEmpty(env.CACHECTL_PROFILE);
  const profileBy = flags.profile === undefined ? 'CACHECTL_PROFILE' : '--profile';
  const { config, configBy } = chooseFile(flags);
  return {
    choice: { ...common, ...(profile !== undefined && { profile }), ...(config !== undefined && { config }) },
    profileBy: profile === undefined ? undefined : profileBy,
    configBy,
    urlBy: undefined,
  };
}

/** The flags of this run that choose a store, to name a command that uses the same one: ` -p shop`. Never a URL. */
export function sameStore(argv: readonly string[] = process.argv.slice(2)): string {
  const end = argv.indexOf('--');
  const own = argv.slice(0, end === -1 ? undefined : end);
  const flags = own.flatMap((word, index) => {
    const [, name, value = own[index + 1]] = /^(-p|--profile|--config|--laravel)(?:=(.*))?$/.exec(word) ?? [];
    return name === undefined || value === undefined ? [] : [` ${name} ${shellWord(value)}`];
  });
  return flags.join('');
}

function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What selects a profile: a flag, a variable, `default` or `only` of the file, or `built-in`. */
export function selectedBy({ urlBy, profileBy }: Chosen, { pickedBy, isBuiltIn }: StatedProfile): string {
  if (isBuiltIn) return 'built-in';
  return urlBy ?? (pickedBy === 'name' ? profileBy : pickedBy) ?? 'only';
}

function chooseFile(flags: SelectingFlags): {
  readonly config: string | undefined;
  readonly configBy: string | undefined;
} {
  const config = flags.config ?? nonEmpty(process.env.CACHECTL_CONFIG);
  return {
    config,
    configBy: config === undefined ? undefined : flags.config === undefined ? 'CACHECTL_CONFIG' : '--config',
  };
}

/**
 * One selection; with --all-profiles one for each profile of the file.
 * @throws ConfigError
 */
export async function chooseEach(
  flags: SelectingFlags & { readonly 'all-profiles': boolean },
): Promise<readonly Chosen[]> {
  if (!flags['all-profiles']) return [chooseProfile(flags)];
  const { config, configBy } = chooseFile(flags);
  const { env } = process;
  const choice = { env, cwd: process.cwd(), warn, note, ...(config !== undefined && { config }) };
  const names = await namesInFile(choice);
  if (names === undefined) return [{ choice, profileBy: undefined, configBy, urlBy: undefined }];
  return names.map((profile) => ({
    choice: { ...choice, profile },
    profileBy: '--all-profiles',
    configBy,
    urlBy: undefined,
  }));
}

/**
 * The names of the profiles that --profile can choose.
 * @throws ConfigError
 */
export async function selectableProfiles(flags: SelectingFlags): Promise<readonly string[]> {
  const { config } = chooseFile(flags);
  const choice = { env: process.env, cwd: process.cwd(), ...(config !== undefined && { config }) };
  return (await namesInFile(choice)) ?? ['local'];
}

/** Undefined without a file. */
async function namesInFile(choice: ProfileChoice): Promise<readonly string[] | undefined> {
  const file = await profileFileOf(choice);
  if (file === undefined) return undefined;
  const { profileNames } = await import('../profiles/file/read.js');
  return withSuggestions(async () => profileNames({ file, cwd: choice.cwd }));
}

/** A variable that is set to nothing is not set: that is how a script switches it off. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
