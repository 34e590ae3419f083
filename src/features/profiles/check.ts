import type { GlobalFlags } from '../../runtime/flags.js';
import type { Column } from '../../terminal/list.js';

import { CachectlError } from '../../errors.js';
import { profileFileOf } from '../../profiles/resolve.js';
import { withSuggestions } from '../../profiles/suggest.js';
import { readWithoutSecrets } from '../../runtime/read-profile.js';
import { errorFields, type Failure, toFailure } from '../../runtime/report-error.js';
import { chooseEach, chooseProfile, type Chosen } from '../../runtime/select-profile.js';
import { printKey } from '../../stores/entries/printed-key.js';

export interface CheckedProfile {
  readonly name: string;
  readonly warnings: string[];
  /** Undefined: it is valid. */
  readonly failure: Failure | undefined;
}

export const checkColumns: ReadonlyArray<Column<CheckedProfile>> = [
  { name: 'name', value: ({ name }) => name, title: 'NAME' },
  {
    name: 'valid',
    value: ({ failure }) => failure === undefined,
    plain: stateText,
    title: 'STATE',
    text: stateText,
  },
  { name: 'warnings', value: ({ warnings }) => warnings, plain: false },
  { name: 'error', value: ({ failure }) => failure && errorFields(failure), plain: false },
];

/**
 * Check profiles without connecting and without running a `passwordCommand`: the named ones, or all of the file.
 * @throws ConfigError for a file that cannot be read, or whose default does not exist
 */
export async function* checkProfiles(names: readonly string[], flags: GlobalFlags): AsyncGenerator<CheckedProfile> {
  for (const chosen of await profilesToCheck(names, flags)) {
    const warnings = await passwordWarnings(chosen);
    const choice = { ...chosen.choice, warn: (text: string) => warnings.push(text) };
    const name = choice.profile ?? 'local';
    try {
      const { stated } = await readWithoutSecrets({ ...chosen, choice });
      yield { name: stated.name, warnings, failure: undefined };
    } catch (error) {
      if (!(error instanceof CachectlError)) throw error;
      yield { name, warnings, failure: toFailure(error) };
    }
  }
}

/** Passwords of the profile that other users can read in its file. */
async function passwordWarnings({ choice }: Chosen): Promise<string[]> {
  const file = choice.url === undefined ? await profileFileOf(choice) : undefined;
  if (file === undefined) return [];
  const { exposedPasswords } = await import('../../profiles/file/exposed-passwords.js');
  const { mode = '', passwords = [] } = (await exposedPasswords(file, choice.cwd)) ?? {};
  return passwords
    .filter(({ profile }) => choice.profile === undefined || profile === choice.profile)
    .map(
      ({ where, profile }) =>
        `${where}: a password of profile ${printKey(profile)} is readable by other users (mode ${mode}); run chmod 600, or write \${NAME}`,
    );
}

async function profilesToCheck(names: readonly string[], flags: GlobalFlags): Promise<readonly Chosen[]> {
  if (names.length > 0) return names.map((profile) => chooseProfile({ ...flags, profile }));
  if (flags.url !== undefined || flags.laravel !== undefined || flags.profile !== undefined) {
    return [chooseProfile(flags)];
  }

  const all = await chooseEach({ ...flags, 'all-profiles': true });
  const [{ choice }] = all as [Chosen, ...Chosen[]];
  const file = await profileFileOf(choice);
  if (file !== undefined) {
    const { checkDefault } = await import('../../profiles/file/read.js');
    await withSuggestions(async () => checkDefault({ file, cwd: choice.cwd, env: choice.env }));
  }

  return all;
}

function stateText({ failure }: CheckedProfile): string {
  return failure === undefined ? 'ok' : 'error';
}
