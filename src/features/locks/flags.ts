import * as Flags from '@oclif/core/flags';

import { preciseDuration } from '../../runtime/flags.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { LOCK_FAMILIES } from '../../stores/locks/families.js';

/** In seconds: longer than a deploy, a job or a scheduled task should hold a lock. */
const HELD_FOR = 3600;

/** For commands that list locks. */
export const lockFlags = {
  'held-for': preciseDuration({
    summary: 'With --stuck, how long a lock must have been held, if that is known.',
    default: HELD_FOR,
    defaultHelp: async () => '1h',
  }),
  family: Flags.option({ options: LOCK_FAMILIES })({
    summary: 'Only locks of this family. Repeatable.',
    helpValue: 'FAMILY',
    multiple: true,
    multipleNonGreedy: true,
  }),
  include: Flags.string({
    summary: 'Treat entries whose names match as locks, where locks look like entries.',
    helpValue: 'GLOB',
    ...asPattern,
  }),
};

/** For commands that acquire a lock. */
export const waitFlag = preciseDuration({
  summary: 'How long to wait for the lock. 0s tries once.',
  default: 0,
  defaultHelp: async () => '0s',
});
