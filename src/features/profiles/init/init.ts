import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Profile } from '../../../profiles/profile.js';
import type { Setting } from '../../../profiles/settings.js';
import type { StatedProfile } from '../../../profiles/stated.js';
import type { GlobalFlags } from '../../../runtime/flags.js';
import type { PrefixCandidate, Prefixes } from '../../../stores/doctor/prefix-guess.js';
import type { DriverChoice } from './questions.js';

import { CachectlError, DeclinedError, UsageError } from '../../../errors.js';
import { Fields } from '../../../profiles/fields.js';
import { findProfileFile } from '../../../profiles/file/find.js';
import { profileFileOf, resolveProfile, stateProfile } from '../../../profiles/resolve.js';
import { withSuggestions } from '../../../profiles/suggest.js';
import { errorText, toFailure } from '../../../runtime/report-error.js';
import { note, warn } from '../../../terminal/output.js';
import { canAsk } from '../../../terminal/picker.js';
import { countOf } from '../../../terminal/progress.js';
import { draftOf } from './draft.js';
import { probe } from './probe.js';
import { type Change, existingText, newFile, withProfile, writeProfileFile } from './profile-file.js';

export interface InitFlags extends GlobalFlags {
  readonly driver?: DriverChoice | undefined;
  readonly 'from-laravel'?: string | undefined;
  readonly prefix?: string | undefined;
  readonly 'connection-prefix'?: string | undefined;
  readonly 'lock-database'?: number | undefined;
  readonly protected: boolean;
  readonly offline: boolean;
  readonly force: boolean;
}

/** What was written. */
export interface Initialized {
  readonly file: string;
  readonly profile: string;
  readonly change: Change;
  /** Variables of the environment that must be set. */
  readonly variables: string[];
}

/**
 * Write a profile: ask at a terminal for settings that no flag gives, test the connection, and recognize the prefixes.
 * @throws UsageError if nobody can be asked; what the store throws if it cannot be used
 */
export async function initProfile(name: string | undefined, flags: InitFlags): Promise<Initialized> {
  const { env } = process;
  const cwd = process.cwd();
  const asks = canAsk(flags);
  const resolve = async (url: string): Promise<Profile> => resolveProfile({ url, env, cwd });
  const url = await addressOf(flags, cwd, resolve);
  const stated = await withSuggestions(async () => stateProfile({ url, env, cwd, warn, note }));
  // Checked before anything connects.
  const profile = await resolve(url);
  const file = (await profileFileOf({ config: flags.config ?? defaultFile(cwd), env, cwd }))!;

  const candidates = flags.offline ? [] : await tested(withoutPrefixes(profile), flags);
  const settings = await withAnswers(stated, profile, candidates, flags);
  const chosenName = name ?? (await nameFor(path.basename(stated.folders.base), asks));
  const relative = (target: string): string =>
    relativeTo(path.dirname(file), path.resolve(stated.folders.base, target));
  const draft = draftOf(chosenName, { ...stated, fields: settings }, relative);

  const before = await existingText(file);
  const shown = path.relative(cwd, file) || file;
  const after = before === undefined ? newFile(draft) : withProfile(before, shown, draft, flags.force);
  if (before !== undefined && asks) await confirmChange(chosenName, shown);
  const shadowed = before === undefined && flags.config === undefined ? findProfileFile(cwd, env) : undefined;
  await writeProfileFile(file, after);
  if (shadowed !== undefined) warn(`In this folder, ${shown} is used instead of ${shadowed} from now on.`);
  return { file, profile: chosenName, change: after.change, variables: [...draft.variables] };
}

async function addressOf(flags: InitFlags, cwd: string, check: (url: string) => Promise<unknown>): Promise<string> {
  const folder = flags['from-laravel'] ?? flags.laravel;
  if (folder !== undefined) return `laravel:${folder}`;
  if (flags.url !== undefined) return flags.url;
  if (!canAsk(flags)) {
    const { DRIVERS } = await import('./questions.js');
    if (flags.driver !== undefined) return DRIVERS[flags.driver].url;
    throw new UsageError(
      'nothing says where the cache is, and there is no terminal to ask on',
      'Add --url URL, --driver DRIVER for a local server, or --from-laravel DIR.',
    );
  }

  const { askAddress } = await import('./questions.js');
  return askAddress(flags.driver, cwd, check);
}

/** The prefixes that the keys seem to have. A store that cannot be used is an error, or a question. */
async function tested(profile: Profile, flags: InitFlags): Promise<readonly PrefixCandidate[]> {
  try {
    const candidates = await probe(profile, Math.round(flags.timeout * 1000));
    note('the store can be used');
    return candidates;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    if (!canAsk(flags)) {
      const hint = error.hint.replace(/[^.]$/, '$&.');
      throw Object.assign(error, { hint: `${hint} --offline writes the profile without a test.` });
    }

    process.stderr.write(errorText(toFailure(error)));
    const { confirmed } = await import('../../../terminal/prompts.js');
    if (await confirmed('Write the profile anyway?', false)) return [];
    throw new DeclinedError('nothing was written', '');
  }
}

function withoutPrefixes(profile: Profile): Profile {
  return { ...profile, prefix: '', ...('connectionPrefix' in profile && { connectionPrefix: '' }) } as Profile;
}

/** The settings with those that flags, answers and the store add. */
async function withAnswers(
  { fields }: StatedProfile,
  profile: Profile,
  candidates: readonly PrefixCandidate[],
  flags: InitFlags,
): Promise<Fields> {
  const entries = new Map(fields.entries);
  const put = (key: string, value: boolean | number | string): void => {
    entries.set(key, { kind: 'scalar', value, shown: String(value), where: fields.where });
  };

  const isRedis = profile.driver === 'redis';
  const isStated = fields.has('prefix') || flags.prefix !== undefined || flags['connection-prefix'] !== undefined;
  const { prefix, connectionPrefix } = isStated
    ? { prefix: flags.prefix ?? profile.prefix, connectionPrefix: flags['connection-prefix'] ?? '' }
    : await prefixesOf(candidates, isRedis, canAsk(flags));
  if (prefix !== '') put('prefix', prefix);
  if (connectionPrefix !== '') put('connectionPrefix', connectionPrefix);
  const database = flags['lock-database'] ?? (isLaravelDefault(profile, connectionPrefix) ? 0 : undefined);
  if (isRedis && database !== undefined && !fields.has('locks')) {
    const setting: Setting = { kind: 'scalar', value: database, shown: String(database), where: fields.where };
    entries.set('locks', { kind: 'map', entries: new Map([['database', setting]]), where: fields.where });
  }

  if (flags.protected) put('protected', true);
  return new Fields(entries, fields.where, fields.subject);
}

/** Laravel's own set-up has entries in database 1 and locks in database 0. */
function isLaravelDefault(profile: Profile, connectionPrefix: string): boolean {
  return profile.driver === 'redis' && profile.connection.database === 1 && /database[-_]$/.test(connectionPrefix);
}

/** Without a terminal, prefixes are taken only if they are the only ones. */
async function prefixesOf(candidates: readonly PrefixCandidate[], isRedis: boolean, asks: boolean): Promise<Prefixes> {
  if (asks) {
    const { askPrefixes } = await import('./questions.js');
    return askPrefixes(candidates, isRedis);
  }

  const [first, second] = candidates;
  if (first !== undefined && second === undefined) {
    const { keys, connectionPrefix, prefix } = first;
    warn(`${countOf(keys, 'key begins', 'keys begin')} with ${connectionPrefix}${prefix}: taken as the prefix`);
    return first;
  }

  if (second !== undefined) {
    const list = candidates.slice(0, 5).map((each) => each.connectionPrefix + each.prefix);
    warn(`Keys begin with ${list.join(', ')}. Choose one with --prefix (and --connection-prefix).`);
  }

  return { connectionPrefix: '', prefix: '' };
}

async function nameFor(folder: string, asks: boolean): Promise<string> {
  const preset = folder.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '') || 'local';
  if (!asks) return preset;
  const { askName } = await import('./questions.js');
  return askName(preset);
}

async function confirmChange(name: string, shown: string): Promise<void> {
  const { confirmed } = await import('../../../terminal/prompts.js');
  if (!(await confirmed(`Write the profile ${name} into ${shown}?`, true)))
    throw new DeclinedError('nothing was written', '');
}

function defaultFile(cwd: string): string {
  const other = path.join(cwd, 'cachectl.yml');
  return existsSync(other) ? other : path.join(cwd, 'cachectl.yaml');
}

/** A path in the file's folder relative to it, another as it is. */
function relativeTo(folder: string, target: string): string {
  const relative = path.relative(folder, target);
  return relative.startsWith('..') || path.isAbsolute(relative) ? target : relative;
}
