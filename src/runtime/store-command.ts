import type { Config } from '@oclif/core/config';
import type { LoadOptions } from '@oclif/core/interfaces';

import { Command } from '@oclif/core/command';

import type { Profile } from '../profiles/profile.js';
import type { Creation, Store } from '../stores/contract/store.js';
import type { Consent } from './confirm.js';
import type { Interruption } from './interrupt.js';

import { UsageError } from '../errors.js';
import { type GlobalFlags, globalFlags } from './flags.js';
import { interruptible, opened } from './interrupt.js';
import { checkPlace, type PlaceUse } from './place-check.js';
import { asksForJson, reportError } from './report-error.js';
import { selectProfile } from './select-profile.js';

/** What a command works with. */
export interface Work {
  readonly store: Store;
  readonly profile: Profile;
  readonly interruption: Interruption;
}

/** A command on one store. Resolves the profile, opens the store and always closes it. */
export abstract class StoreCommand extends Command {
  static override baseFlags = globalFlags;

  /** How it uses the location in the profile. Checked before its work. */
  static placeUse: PlaceUse = { place: 'entries', access: 'reads' };

  /** Like oclif's own `run`, but with the given configuration, which oclif would load again. */
  static override async run<T extends Command>(
    this: new (argv: string[], config: Config) => T,
    argv: string[] = [],
    config?: LoadOptions,
  ): Promise<ReturnType<T['run']>> {
    const command = new this(argv, config as Config) as unknown as StoreCommand;
    try {
      await command.init();
      return (await command.run()) as ReturnType<T['run']>;
    } catch (error) {
      return (await command.catch(error as Error)) as ReturnType<T['run']>;
    }
  }

  /**
   * Run `work` and set the exit code that it returns.
   * @param use overrides the command's `placeUse`
   */
  protected async withStore(
    flags: GlobalFlags & Partial<Pick<Consent, 'yes'>>,
    work: (work: Work) => Promise<number>,
    use: PlaceUse = (this.constructor as typeof StoreCommand).placeUse,
  ): Promise<void> {
    await interruptible(async (interruption) => {
      const { store, profile } = await opened(this.openStore(flags), interruption);
      try {
        await checkPlace(store, profile, use);
        process.exitCode = await work({ store, profile, interruption });
      } finally {
        await store.close();
      }
    });
  }

  /** Open the store of the selected profile without connecting. The caller closes it. */
  protected async openStore(
    flags: GlobalFlags & Partial<Pick<Consent, 'yes'>>,
  ): Promise<Pick<Work, 'profile' | 'store'>> {
    checkTimeout(flags);
    const profile = await selectProfile(flags);
    const { openStore } = await import('../stores/open.js');
    const mayCreate = async (creation: Creation): Promise<void> => {
      const { askBeforeCreating } = await import('./confirm.js');
      await askBeforeCreating(creation, flags.yes === true);
    };

    const timeoutMs = Math.round(flags.timeout * 1000);
    return { profile, store: await openStore(profile, { timeoutMs, mayCreate }) };
  }

  protected override async catch(error: Error): Promise<void> {
    process.exitCode = reportError(error, asksForJson(this.argv));
  }
}

/** @throws UsageError */
export function checkTimeout({ timeout }: Pick<GlobalFlags, 'timeout'>): void {
  if (timeout === 0) throw new UsageError('--timeout 0 leaves no time to answer', 'Use --timeout 5s, or leave it out.');
}
