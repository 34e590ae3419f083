import { chmod } from 'node:fs/promises';
import path from 'node:path';

import type { Profile } from '../../profiles/profile.js';
import type { Setting } from '../../profiles/settings.js';
import type { Chosen } from '../../runtime/select-profile.js';
import type { Finding } from '../../stores/contract/store.js';

import { CachectlError } from '../../errors.js';
import { exposedPasswords, hasPassword } from '../../profiles/file/exposed-passwords.js';
import { userFolder } from '../../profiles/file/find.js';
import { variablesIn } from '../../profiles/file/interpolate.js';
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
  const texts = [...fields.entries.values()].flatMap((setting) => textsOf(setting));
  yield* modeFindings(file, cwd);
  const unset = [...new Set(texts.flatMap((text) => unsetIn(text, env)))];
  if (unset.length > 0) {
    yield ok('variables', `${unset.join(', ')}: not set, so the default after :- is used`);
  }
}

function foundBy(file: string, env: NodeJS.ProcessEnv): string {
  return path.dirname(file) === userFolder('config', env)
    ? 'found in the configuration folder'
    : 'found here or in a parent folder';
}

/** The texts as their author wrote them, without defaults. */
function textsOf(setting: Setting): string[] {
  if (setting.kind === 'map') return [...setting.entries.values()].flatMap((each) => textsOf(each));
  if (setting.kind === 'list') return setting.items.flatMap((each) => textsOf(each));
  return setting.shown === undefined ? [] : [setting.shown];
}

/** Variables that are not set, so that their default is used. */
function unsetIn(shown: string, env: NodeJS.ProcessEnv): string[] {
  return variablesIn(shown, env).flatMap(({ name, isDefaulted }) => (isDefaulted ? [name] : []));
}

/** Warn if others can read a file with a password, of any of its profiles. */
async function* modeFindings(file: string, cwd: string): AsyncGenerator<Finding> {
  const exposed = await exposedPasswords(file, cwd);
  if (exposed === undefined) return;
  const { mode, isOurs, passwords } = exposed;
  const places = [...new Set(passwords.map(({ where }) => where))].join(', ');
  yield {
    subject: 'file mode',
    state: 'warning',
    message: `${file} contains a password and is readable by others (mode ${mode}): ${places}`,
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
