import * as Flags from '@oclif/core/flags';

import { preciseDuration } from '../../runtime/flags.js';
import { asKey, asPattern } from '../../runtime/key-arguments.js';
import { EVENT_TYPES, type EventType } from '../../stores/contract/events.js';

/** What `eventFlags` parse to. */
export interface EventFlags {
  readonly source?: string | undefined;
  readonly type?: EventType[] | undefined;
  readonly key?: string | undefined;
  readonly tag?: string[] | undefined;
  readonly client?: string | undefined;
  readonly all: boolean;
  readonly enable: boolean;
  /** Seconds. */
  readonly for?: number | undefined;
}

/** Which events, and where from. */
export const eventFlags = {
  type: Flags.option({ options: EVENT_TYPES })({
    summary: 'Only events of this type; may be repeated.',
    multiple: true,
    multipleNonGreedy: true,
  }),
  key: Flags.string({ summary: 'Only keys that match, e.g. users:*', helpValue: 'GLOB', ...asPattern }),
  tag: Flags.string({
    summary: 'Only entries that carry this tag; may be repeated.',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
    ...asKey,
  }),
  client: Flags.string({ summary: 'Only clients whose address or name matches, e.g. 10.0.0.7:*', helpValue: 'GLOB' }),
  source: Flags.string({
    summary: 'Where to hear of them; without it the cheapest that tells what is asked for. A wrong name lists them.',
    helpValue: 'NAME',
  }),
  all: Flags.boolean({ default: false, summary: 'Keys under other prefixes, too.' }),
  enable: Flags.boolean({
    default: false,
    summary: 'Switch the server’s notifications on, and back as they were at the end.',
  }),
  for: preciseDuration({ summary: 'End after this time.' }),
};
