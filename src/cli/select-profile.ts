import type { Profile } from '../profiles/profile.js';
import type { GlobalFlags } from './store-command.js';

import { UsageError } from '../errors.js';
import { resolveProfile } from '../profiles/resolve.js';

/**
 * The profile that flags and environment ask for. A flag beats every variable, so that `--profile` works
 * in a shell where CACHECTL_URL is set; between the variables the URL, being the more exact, comes first.
 */
export async function selectProfile(flags: GlobalFlags): Promise<Profile> {
  if (flags.url !== undefined && (flags.profile !== undefined || flags.config !== undefined)) {
    const other = flags.profile === undefined ? '--config' : '--profile';
    throw new UsageError(`--url and ${other} both say which store to use`, 'Give one of them.');
  }

  const { env } = process;
  const choice: { profile?: string; config?: string; url?: string } = {};
  const config = flags.config ?? nonEmpty(env.CACHECTL_CONFIG);
  if (flags.url !== undefined) choice.url = flags.url;
  else if (flags.profile !== undefined) choice.profile = flags.profile;
  else if (flags.config === undefined && nonEmpty(env.CACHECTL_URL) !== undefined) choice.url = env.CACHECTL_URL!;
  else if (nonEmpty(env.CACHECTL_PROFILE) !== undefined) choice.profile = env.CACHECTL_PROFILE!;
  if (choice.url === undefined && config !== undefined) choice.config = config;
  return resolveProfile({ ...choice, env, cwd: process.cwd() });
}

/** A variable that is set to nothing is not set: that is how a script switches it off. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
