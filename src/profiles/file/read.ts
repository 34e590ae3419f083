import path from 'node:path';

import { ConfigError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';
import { Fields } from '../fields.js';
import { quote, quoteKey } from '../settings.js';
import { UnknownName } from '../suggest.js';
import { readHead } from './read-head.js';
import { parseSource } from './source.js';
import { type Entry, Tree, type WrittenText } from './tree.js';

export interface ProfileRequest {
  /** Absolute. */
  readonly file: string;
  /** Undefined: the file's default. */
  readonly profile: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Messages show the file relative to this folder. */
  readonly cwd: string;
}

/** A profile of a file: its name, and its keys with variables replaced. */
export interface ReadProfile {
  readonly name: string;
  readonly fields: Fields;
  /** Whether it was chosen by name, as the file's default, or as the only profile. */
  readonly pickedBy: 'default' | 'name' | 'only';
}

/** Read the file and choose a profile. Reads only the names of the others. */
export async function readProfile({ file, profile, env, cwd }: ProfileRequest): Promise<ReadProfile> {
  const shown = showFile(file, cwd);
  const tree = new Tree(parseSource(await readText(file, shown), shown));
  const contents = readContents(tree, shown);
  const chosen =
    profile === undefined
      ? defaultProfile(tree, contents, env)
      : named(profile, contents.profiles, `${shown}: there is no profile ${quote(profile)}`);
  const subject = `profile ${showName(chosen.key)}`;
  const setting = tree.setting(chosen.value, chosen.where, subject, env);
  if (setting.kind === 'map') {
    const pickedBy = profile === undefined ? (contents.top.has('default') ? 'default' : 'only') : 'name';
    return { name: chosen.key, fields: new Fields(setting.entries, chosen.where, subject), pickedBy };
  }

  throw new ConfigError(
    `${chosen.where}: ${subject} has no keys`,
    'Indent its keys below its name; it needs at least a driver.',
  );
}

/** The names of all profiles in a file, in its order. */
export async function profileNames({ file, cwd }: Pick<ProfileRequest, 'cwd' | 'file'>): Promise<readonly string[]> {
  const shown = showFile(file, cwd);
  const tree = new Tree(parseSource(await readText(file, shown), shown));
  return readContents(tree, shown).profiles.map(({ key }) => key);
}

/** A text of a profile as it is written, with its variables. */
export interface ProfileText extends WrittenText {
  readonly profile: string;
}

/** Every text in all profiles of a file. */
export async function writtenTexts({ file, cwd }: Pick<ProfileRequest, 'cwd' | 'file'>): Promise<ProfileText[]> {
  const shown = showFile(file, cwd);
  const tree = new Tree(parseSource(await readText(file, shown), shown));
  return readContents(tree, shown).profiles.flatMap(({ key: profile, value, where }) =>
    [...tree.texts(profile, value, where)].map((text) => ({ profile, ...text })),
  );
}

/** Check that `default`, if the file has one, names one of its profiles. @throws ConfigError, UnknownName */
export async function checkDefault({ file, cwd, env }: Omit<ProfileRequest, 'profile'>): Promise<void> {
  const shown = showFile(file, cwd);
  const tree = new Tree(parseSource(await readText(file, shown), shown));
  const contents = readContents(tree, shown);
  if (contents.top.has('default')) defaultProfile(tree, contents, env);
}

const EXAMPLE = 'A minimal file: profiles: { local: { driver: sqlite, path: cache.sqlite } }';
/** Enough for hundreds of profiles. Stops at a wrong path or an endless device. */
const MAX_BYTES = 128 * 1024;
const TOP_LEVEL = ['default', 'profiles'];

function showFile(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.length < file.length ? relative : file;
}

function showName(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? name : quote(name);
}

async function readText(file: string, shown: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readHead(file, MAX_BYTES);
  } catch (error) {
    throw new ConfigError(
      `cannot read the profile file ${shown}: ${systemReason(error)}`,
      'Check the path and its permissions, or name another file with --config.',
    );
  }

  if (bytes.length > MAX_BYTES) {
    throw new ConfigError(
      `the profile file ${shown} is larger than 128 KiB`,
      'Check the path: this is not a profile file.',
    );
  }

  try {
    return new TextDecoder('utf8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(`the profile file ${shown} is not UTF-8 text`, 'Save it with the encoding UTF-8.');
  }
}

interface Contents {
  /** The name of the file in messages. */
  readonly shown: string;
  readonly top: ReadonlyMap<string, Entry>;
  readonly profiles: readonly Entry[];
}

function readContents(tree: Tree, shown: string): Contents {
  const top = topLevel(tree, shown);
  return { shown, top, profiles: profileEntries(tree, top, shown) };
}

function topLevel(tree: Tree, shown: string): ReadonlyMap<string, Entry> {
  if (tree.root === null) throw new ConfigError(`the profile file ${shown} is empty`, EXAMPLE);
  const entries = tree.entries(tree.root);
  if (entries === undefined) throw new ConfigError(`${shown}:1: the file is not a map of keys`, EXAMPLE);
  for (const { key, where } of entries) {
    if (TOP_LEVEL.includes(key)) continue;
    const message = `${where}: unknown key ${quoteKey(key)} at the top level`;
    throw new UnknownName(message, key, TOP_LEVEL, 'Keys there');
  }

  return new Map(entries.map((entry) => [entry.key, entry]));
}

function profileEntries(tree: Tree, top: ReadonlyMap<string, Entry>, shown: string): readonly Entry[] {
  const entry = top.get('profiles');
  if (entry === undefined) throw new ConfigError(`${shown} has no profiles`, EXAMPLE);
  const profiles = tree.isNothing(entry.value) ? [] : tree.entries(entry.value);
  if (profiles === undefined) {
    throw new ConfigError(`${entry.where}: profiles must be a map from a name to the keys of that profile`, EXAMPLE);
  }

  if (profiles.length === 0) throw new ConfigError(`${entry.where}: profiles is empty`, EXAMPLE);
  return profiles;
}

function named(name: string, profiles: readonly Entry[], problem: string): Entry {
  const found = profiles.find(({ key }) => key === name);
  if (found !== undefined) return found;
  const names = profiles.map(({ key }) => showName(key));
  throw new UnknownName(problem, name, names, 'Profiles');
}

function defaultProfile(tree: Tree, { top, profiles, shown }: Contents, env: NodeJS.ProcessEnv): Entry {
  const entry = top.get('default');
  if (entry !== undefined) {
    const setting = tree.setting(entry.value, entry.where, 'default', env);
    const fields = new Fields(new Map([['default', setting]]), entry.where, 'the file');
    const name = fields.filled('default')!;
    // The text may come from a variable, and is not shown then.
    const shown = setting.kind === 'scalar' && setting.shown === name ? quote(name) : 'what default says';
    return named(name, profiles, `${entry.where}: there is no profile ${shown}`);
  }

  const [only, another] = profiles;
  if (only !== undefined && another === undefined) return only;
  throw new ConfigError(
    `${shown} has several profiles and no default`,
    `Choose with --profile, or add "default: NAME". Profiles: ${profiles.map(({ key }) => showName(key)).join(', ')}.`,
  );
}
