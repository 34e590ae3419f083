import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { parseDuration, parsePreciseDuration } from '../terminal/durations.js';
import { readKey } from './key-arguments.js';

const GLOBAL = 'GLOBAL';

/** A duration in seconds, to the millisecond: `700ms`, `90s`, `1h30m`, `1.5h`, `60`. Of locks, waits and intervals. */
export const preciseDuration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => parsePreciseDuration(text),
});

/** A duration in whole seconds: `90s`, `10m`, `1h30m`, `2d`, `60`. Of entries. */
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

/** Flags that every command takes. */
export const globalFlags = {
  profile: Flags.string({
    char: 'p',
    summary: 'Which profile of the file to use. [env: CACHECTL_PROFILE]',
    helpValue: 'NAME',
    helpGroup: GLOBAL,
  }),
  config: Flags.string({
    summary: 'The profile file, instead of the cachectl.yaml found upward from here. [env: CACHECTL_CONFIG]',
    helpValue: 'FILE',
    helpGroup: GLOBAL,
  }),
  url: Flags.string({
    summary: 'A store without a profile, e.g. redis://localhost:6379/1?prefix=shop-cache- [env: CACHECTL_URL]',
    helpValue: 'URL',
    helpGroup: GLOBAL,
  }),
  json: Flags.boolean({ default: false, summary: 'Print one JSON document.', helpGroup: GLOBAL }),
  timeout: preciseDuration({
    summary: 'How long the store may take to answer.',
    default: 5,
    defaultHelp: async () => '5s',
    helpGroup: GLOBAL,
  }),
};

/** For what removes things. */
export const destructiveFlags = {
  yes: Flags.boolean({ default: false, char: 'y', summary: 'Do not ask.' }),
  confirm: Flags.string({
    summary: "A protected profile's name, typed out; with --yes.",
    helpValue: 'PROFILE',
    dependsOn: ['yes'],
  }),
  'dry-run': Flags.boolean({ default: false, summary: 'Only say what would go.' }),
};
