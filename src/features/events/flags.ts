import * as Flags from '@oclif/core/flags';

import { preciseDuration } from '../../runtime/flags.js';
import { asKey, asPattern } from '../../runtime/key-arguments.js';
import { EVENT_TYPES, type EventType } from '../../stores/contract/events.js';

export interface EventFlags {
  readonly source?: string | undefined;
  readonly type?: EventType[] | undefined;
  readonly pattern?: string | undefined;
  readonly tag?: string[] | undefined;
  readonly client?: string | undefined;
  readonly 'all-prefixes': boolean;
  readonly enable: boolean;
  /** Seconds. */
  readonly for?: number | undefined;
}

/** For commands that follow events. */
export const eventFlags = {
  type: Flags.option({ options: EVENT_TYPES })({
    summary: 'Only events of this type. Repeatable.',
    helpValue: 'TYPE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  pattern: Flags.string({ summary: 'Only keys that match, e.g. users:*', helpValue: 'GLOB', ...asPattern }),
  tag: Flags.string({
    summary: 'Only entries with this tag. Repeatable.',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
    ...asKey,
  }),
  client: Flags.string({ summary: 'Only clients whose address or name matches, e.g. 10.0.0.7:*', helpValue: 'GLOB' }),
  source: Flags.string({
    summary: 'Where events come from. The cheapest sufficient source if omitted; a wrong name lists them.',
    helpValue: 'NAME',
  }),
  'all-prefixes': Flags.boolean({ default: false, summary: 'Include keys outside the prefix.' }),
  enable: Flags.boolean({
    default: false,
    summary: 'Enable keyspace notifications of Redis or triggers of PostgreSQL, and undo that at the end.',
  }),
  for: preciseDuration({ summary: 'Stop after this time.' }),
};
