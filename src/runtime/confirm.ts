import type { Profile } from '../profiles/profile.js';
import type { Creation, Store } from '../stores/contract/store.js';

import { UsageError } from '../errors.js';
import { note, warn } from '../terminal/output.js';

/** What is about to happen, for the person who confirms it. */
export interface Destruction {
  readonly store: Store;
  readonly profile: Profile;
  /** The command, as a verb: `flush`. */
  readonly action: string;
  /** The effect, in the present tense: `removes 1,204 entries under shop-cache-`. */
  readonly effect: string;
  /** How to preview it; by default `--dry-run to see what would be removed`. */
  readonly instead?: string;
  /** Consequences that a user may not expect, one per line. */
  readonly warnings?: readonly string[];
}

export interface Consent {
  readonly yes: boolean;
  readonly confirm?: string | undefined;
}

/**
 * Return once the action is confirmed: by `--yes` (with `--confirm NAME` on a protected profile) or by a person.
 * @throws UsageError without confirmation and without a terminal
 * @throws DeclinedError if the person declines
 */
export async function askBeforeDestroying(destruction: Destruction, consent: Consent): Promise<void> {
  const {
    profile,
    action,
    effect,
    store,
    warnings = [],
    instead = '--dry-run to see what would be removed',
  } = destruction;
  if (consent.confirm !== undefined && consent.confirm !== profile.name) {
    throw new UsageError(
      `--confirm names ${consent.confirm}, but this is profile ${profile.name}`,
      'Check which profile you are about to change, and name that one.',
    );
  }

  const where = `profile ${profile.name}, ${store.location}`;
  if (consent.yes) {
    for (const warning of warnings) warn(warning);
    if (!profile.protected || consent.confirm === profile.name) return;
    throw new UsageError(
      `profile ${profile.name} is protected: --yes alone is not enough`,
      `Add --confirm ${profile.name}`,
    );
  }

  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    const confirm = profile.protected ? ` --confirm ${profile.name}` : '';
    throw new UsageError(
      `${action} ${effect} (${where}), and there is no terminal to confirm on`,
      `Add --yes${confirm} to go ahead, or ${instead}.`,
    );
  }

  warn(`${action} ${effect}`, 'bold');
  warn(`  ${where}`);
  for (const warning of warnings) warn(`  ${warning}`, 'yellow');
  const { confirmByName, confirmByYes } = await import('../terminal/prompts.js');
  await (profile.protected ? confirmByName(profile.name) : confirmByYes('Go ahead?'));
  await store.reconnect?.({ onlyClosed: true });
}

/**
 * Return once a table of cachectl may be created: with `--yes`, or if a person agrees.
 * @throws UsageError without `--yes` and without a terminal
 * @throws DeclinedError if the person declines
 */
export async function askBeforeCreating({ what, purpose, where }: Creation, yes: boolean): Promise<void> {
  const missing = `${where} does not have ${what}, ${purpose}`;
  if (!yes) {
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      throw new UsageError(
        `${missing}, and there is no terminal to ask on`,
        `Add --yes to create it, or run cachectl doctor --fix.`,
      );
    }

    warn(missing, 'bold');
    const { confirmByYes } = await import('../terminal/prompts.js');
    await confirmByYes('Create it?');
  }

  note(`creating ${what}`);
}
