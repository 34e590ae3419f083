import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { parseDuration, parsePreciseDuration } from '../terminal/durations.js';
import { parseSize } from '../terminal/sizes.js';
import { MAX_LIMIT, setValueLimit } from '../value-limit.js';
import { readKey } from './key-arguments.js';

const GLOBAL = 'GLOBAL';

/** A duration in seconds, to the millisecond: `700ms`, `90s`, `1h30m`, `1.5h`, `60`. For locks, waits and intervals. */
export const preciseDuration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => parsePreciseDuration(text),
});

/** A duration in whole seconds: `90s`, `10m`, `1h30m`, `2d`, `60`. For entries. */
export const duration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => parseDuration(text),
});

/** `a,b`: an ordered list of tag names. */
export const tagNames = Flags.custom<string[]>({
  helpValue: 'A,B',
  async parse(text) {
    // A comma within a name is \x2c.
    const names = text.split(',').map((name) => readKey(name));
    if (names.includes('')) {
      throw new UsageError(`"${text}" has an empty tag name`, 'Put one comma between names: --tags people,artists');
    }

    return names;
  },
});

/** For commands that take the keys of existing entries. */
export const entryTags = tagNames({ summary: 'Tags of the entry, in the order in which it was stored.' });

/** For commands that exit 1 if a key is not there. */
export const ifPresent = Flags.boolean({ default: false, summary: 'Exit 0 if the key is not there.' });

export interface GlobalFlags {
  readonly profile?: string | undefined;
  readonly config?: string | undefined;
  readonly url?: string | undefined;
  readonly laravel?: string | undefined;
  readonly json: boolean;
  /** In seconds. */
  readonly timeout: number;
}

/** Flags that every command takes. */
export const globalFlags = {
  profile: Flags.string({
    char: 'p',
    summary: 'Profile to use (env: CACHECTL_PROFILE).',
    helpValue: 'NAME',
    helpGroup: GLOBAL,
  }),
  config: Flags.string({
    summary: 'Profile file to use instead of the nearest cachectl.yaml (env: CACHECTL_CONFIG).',
    helpValue: 'FILE',
    helpGroup: GLOBAL,
  }),
  url: Flags.string({
    summary: 'Store to use without a profile (env: CACHECTL_URL), e.g. redis://localhost:6379/1?prefix=shop-cache-',
    helpValue: 'URL',
    helpGroup: GLOBAL,
  }),
  laravel: Flags.string({
    summary: 'Laravel application whose cache to use, by its folder (env: CACHECTL_URL=laravel:DIR).',
    helpValue: 'DIR',
    helpGroup: GLOBAL,
  }),
  json: Flags.boolean({ default: false, summary: 'Print JSON.', helpGroup: GLOBAL }),
  timeout: preciseDuration({
    summary: 'How long to wait for the store to answer.',
    default: 5,
    defaultHelp: async () => '5s',
    helpGroup: GLOBAL,
  }),
  'max-value': Flags.custom<number>({
    summary: 'Largest value to read, decompress or store (default 128MiB, at most 1GiB).',
    helpValue: 'SIZE',
    helpGroup: GLOBAL,
    // Set at once, because commands read their input before they open a store.
    async parse(text) {
      const bytes = parseSize(text);
      if (bytes < 1 || bytes > MAX_LIMIT) {
        throw new UsageError(`${text} is not a possible limit for values`, 'Use a size from 1B to 1GiB.');
      }

      setValueLimit(bytes);
      return bytes;
    },
  })(),
};

/** For commands that store entries with tags. */
export const creationFlags = {
  yes: Flags.boolean({
    default: false,
    char: 'y',
    summary: 'With --tags on MySQL or PostgreSQL, create the missing table of tags without asking.',
  }),
};

/** For commands that remove or replace things. */
export const destructiveFlags = {
  yes: Flags.boolean({ default: false, char: 'y', summary: 'Do not ask for confirmation.' }),
  confirm: Flags.string({
    summary: 'With --yes, the name of a protected profile.',
    helpValue: 'PROFILE',
    dependsOn: ['yes'],
  }),
  'dry-run': Flags.boolean({ default: false, summary: 'Show what would be removed, and remove nothing.' }),
};
