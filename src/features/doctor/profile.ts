import { chmod, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Profile } from '../../profiles/profile.js';
import type { Entries, Setting } from '../../profiles/settings.js';
import type { Chosen } from '../../runtime/select-profile.js';
import type { Finding } from '../../stores/contract/store.js';

import { CachectlError } from '../../errors.js';
import { userFolder } from '../../profiles/file/find.js';
import { VARIABLE, variablesIn } from '../../profiles/file/interpolate.js';
import { profileFileOf, resolveProfile } from '../../profiles/resolve.js';
import { withSuggestions } from '../../profiles/suggest.js';
import { failed, ok, warning } from '../../stores/doctor/findings.js';

/** Check the profile file or URL. Returns the profile if it is valid. */
export async function* examineProfile(chosen: Chosen): AsyncGenerator<Finding, Profile | undefined> {
  try {
    const { choice } = chosen;
    yield* choice.url === undefined ? fileFindings(chosen) : urlFindings(chosen, choice.url);
    const sources: string[] = [];
    const profile = await resolveProfile({ ...choice, note: (text) => sources.push(text) });
    for (const text of sources) yield ok('application', text);
    return profile;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('profile', error);
    return undefined;
  }
}

/** The profile in one line: where it is, and how keys and values are written. */
export function profileText(profile: Profile, location: string): string {
  const parts = [`${profile.name}: ${location}`];
  if (profile.codec !== 'php') parts.push(`codec ${profile.codec}`);
  if ('serializer' in profile && profile.driver === 'redis') parts.push(`serializer ${profile.serializer}`);
  if ('compression' in profile && profile.driver === 'redis') parts.push(`compression ${profile.compression}`);
  if (profile.protected) parts.push('protected');
  parts.push(profile.prefix === '' ? 'no prefix' : `prefix ${profile.prefix}`);
  return parts.join(', ');
}

function* urlFindings({ urlBy }: Chosen, url: string): Generator<Finding> {
  yield ok('file', `not used: ${urlBy} selects the store`);
  if (urlBy !== '--url' || !hasPassword(url)) return;
  yield warning(
    'password',
    'it is on the command line, where other users of this machine can see it',
    'Put the URL into CACHECTL_URL, or the password into a profile as ${NAME}.',
  );
}

async function* fileFindings(chosen: Chosen): AsyncGenerator<Finding> {
  const { choice, configBy, profileBy } = chosen;
  const file = await profileFileOf(choice);
  if (file === undefined) {
    yield ok(
      'file',
      'no cachectl.yaml here, in a parent folder or in the configuration folder: there is only the profile "local"',
    );
    return;
  }

  const { readProfile } = await import('../../profiles/file/read.js');
  const { profile, env, cwd } = choice;
  const { name, fields, pickedBy } = await withSuggestions(async () => readProfile({ file, profile, env, cwd }));
  const by = { default: 'its default', only: 'its only one', name: `named by ${profileBy}` }[pickedBy];
  yield ok('file', `${file}, ${configBy ? `named by ${configBy}` : foundBy(file, env)}; profile ${name} is ${by}`);
  const texts = [...textsOf(fields.entries)];
  if (texts.some(({ key, shown }) => isSecret(key, shown))) yield* modeFindings(file);
  const unset = [...new Set(texts.flatMap(({ shown }) => unsetIn(shown, env)))];
  if (unset.length > 0) {
    yield ok('variables', `${unset.join(', ')}: not set, so the default after :- is used`);
  }
}

function foundBy(file: string, env: NodeJS.ProcessEnv): string {
  return path.dirname(file) === userFolder('config', env)
    ? 'found in the configuration folder'
    : 'found here or in a parent folder';
}

interface WrittenText {
  readonly key: string;
  /** As the author wrote it, without defaults. */
  readonly shown: string;
}

function* textsOf(entries: Entries): Generator<WrittenText> {
  for (const [key, setting] of entries) yield* textsIn(key, setting);
}

function* textsIn(key: string, setting: Setting): Generator<WrittenText> {
  if (setting.kind === 'map') yield* textsOf(setting.entries);
  else if (setting.kind === 'list') for (const item of setting.items) yield* textsIn(key, item);
  else if (setting.shown !== undefined) yield { key, shown: setting.shown };
}

/** Whether the text contains a secret itself, not only the name of a variable. */
function isSecret(key: string, shown: string): boolean {
  const itself = shown.replaceAll(VARIABLE, '');
  return (/password|secret|token/i.test(key) && itself !== '') || hasPassword(itself);
}

function hasPassword(url: string): boolean {
  return /:\/\/[^/?#]*:[^/?#]+@/.test(url);
}

/** Variables that are not set, so that their default is used. */
function unsetIn(shown: string, env: NodeJS.ProcessEnv): string[] {
  return variablesIn(shown, env).flatMap(({ name, isDefaulted }) => (isDefaulted ? [name] : []));
}

/** Warn if others can read a file with a password. */
async function* modeFindings(file: string): AsyncGenerator<Finding> {
  const { mode, uid } = await stat(file);
  // On Windows, modes have no meaning.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const isOurs = process.getuid?.() === uid;
  yield {
    subject: 'file mode',
    state: 'warning',
    message: `${file} contains a password and is readable by others (mode ${shown})`,
    hint: isOurs
      ? 'Run doctor --fix to make it readable by you only, or take the password from the environment: ${NAME}.'
      : `Have its owner run: chmod 600 ${file}. Or take the password from the environment: \${NAME}.`,
    ...(isOurs && {
      fix: {
        effect: `sets the mode of ${file} to 0600, so that only you can read it`,
        apply: async () => chmod(file, 0o600),
      },
    }),
  };
}
