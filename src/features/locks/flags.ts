import * as Flags from '@oclif/core/flags';

import { preciseDuration } from '../../runtime/flags.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { LOCK_FAMILIES } from '../../stores/locks/families.js';

/** An hour: longer than a deploy, a job or a scheduled task should hold a lock. */
const OLDER_THAN = 3600;

/** For what lists locks. */
export const lockFlags = {
  'older-than': preciseDuration({
    summary: 'From when on a lock is stuck, where it is known since when it is held.',
    default: OLDER_THAN,
    defaultHelp: async () => '1h',
  }),
  family: Flags.option({ options: LOCK_FAMILIES })({
    summary: 'Only locks of this family; may be repeated.',
    multiple: true,
    multipleNonGreedy: true,
  }),
  pattern: Flags.string({
    summary: 'Names that match are locks, whatever they hold, where locks look like entries.',
    helpValue: 'GLOB',
    ...asPattern,
  }),
};
