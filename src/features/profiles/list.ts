import type { CachectlError } from '../../errors.js';
import type { GlobalFlags } from '../../runtime/flags.js';
import type { Column } from '../../terminal/list.js';

import { CachectlError as AnyError } from '../../errors.js';
import { stateProfile } from '../../profiles/resolve.js';
import { locationOf, readWithoutSecrets } from '../../runtime/read-profile.js';
import { errorFields, toFailure } from '../../runtime/report-error.js';
import { chooseEach, chooseProfile, selectedBy } from '../../runtime/select-profile.js';
import { answersAPerson, warn } from '../../terminal/output.js';

/** One of the profiles that can be selected. */
export interface ListedProfile {
  readonly name: string;
  readonly driver?: string;
  readonly location?: string;
  readonly prefix?: string;
  readonly protected?: boolean;
  /** What selects it where no profile is named. Undefined: it must be named. */
  readonly selectedBy?: string | undefined;
  /** What is wrong with it. */
  readonly error?: CachectlError;
}

export const profileColumns: ReadonlyArray<Column<ListedProfile>> = [
  { name: 'name', value: ({ name }) => name, title: 'NAME' },
  { name: 'driver', value: ({ driver }) => driver, title: 'DRIVER' },
  {
    name: 'location',
    value: ({ location }) => location,
    title: 'LOCATION',
    text: ({ location, error }) => location ?? toFailure(error).message,
  },
  { name: 'prefix', value: ({ prefix }) => prefix, title: 'PREFIX' },
  {
    name: 'protected',
    value: (profile) => profile.protected,
    plain: false,
    title: 'PROTECTED',
    text: (profile) => (profile.protected ? 'yes' : ''),
  },
  {
    name: 'selectedBy',
    value: (profile) => profile.selectedBy,
    title: 'SELECTED BY',
    text: (profile) => profile.selectedBy ?? '',
  },
  { name: 'error', value: ({ error }) => error && errorFields(toFailure(error)), plain: false },
];

/** Every profile of the file, or the built-in one. @throws ConfigError for a file that cannot be read */
export async function* listProfiles(flags: GlobalFlags): AsyncGenerator<ListedProfile> {
  const current = await currentProfile(flags);
  for (const chosen of await chooseEach({ ...flags, 'all-profiles': true })) {
    const name = chosen.choice.profile ?? 'local';
    const by = name === current?.name ? current.by : undefined;
    try {
      const { profile } = await readWithoutSecrets({ ...chosen, choice: { ...chosen.choice, warn: ignore } });
      const { driver, prefix } = profile;
      yield {
        name,
        driver: driver === 'custom' ? profile.module : driver,
        location: await locationOf(profile),
        prefix,
        protected: profile.protected,
        selectedBy: by,
      };
    } catch (error) {
      if (!(error instanceof AnyError)) throw error;
      if (!flags.json && !answersAPerson()) warn(`${name}: ${error.message}\n  ${error.hint}`);
      yield { name, selectedBy: by, error };
    }
  }
}

/** The profile of the file that is used if none is named, and why. Undefined: there is none, or it is wrong. */
async function currentProfile(flags: GlobalFlags): Promise<undefined | { name: string; by: string }> {
  const chosen = chooseProfile(flags);
  if (chosen.choice.url !== undefined) return undefined;
  try {
    const stated = await stateProfile(chosen.choice);
    return { name: stated.name, by: selectedBy(chosen, stated) };
  } catch {
    return undefined;
  }
}

function ignore(): void {
  // `profile:check` reports warnings.
}
