import * as Flags from '@oclif/core/flags';

import type { CacheEvent, EventStream, EventType } from '../../stores/event-contract.js';

import { formatDuration } from '../../cli/durations.js';
import { eventFields, eventLine } from '../../cli/event-text.js';
import { duration } from '../../cli/flags.js';
import { interruptedCode } from '../../cli/interrupt.js';
import { answer, answerJson, note, warn } from '../../cli/output.js';
import { count } from '../../cli/progress.js';
import { StoreCommand } from '../../cli/store-command.js';
import { UnsupportedError } from '../../errors.js';
import { EVENT_TYPES } from '../../stores/event-contract.js';
import { globMatcher } from '../../stores/glob.js';

export default class EventsTail extends StoreCommand {
  static override summary = 'Print what happens in the cache, as it happens.';
  static override description = `From the server's own view: the writes of every application, not only those of cachectl. What a store cannot tell is said at the start. Redis must have its keyspace notifications on; --enable switches them on for as long as it runs.`;

  static override examples = [
    { description: 'Follow everything under the prefix', command: '<%= config.bin %> events:tail' },
    {
      description: 'Half a minute of what expires, for a program',
      command: '<%= config.bin %> events:tail --type KeyExpired --for 30s --json',
    },
    {
      description: 'Wait until a key is written',
      command: `<%= config.bin %> events:tail --type KeyWritten --key 'report:*' --limit 1`,
    },
  ];

  static override flags = {
    type: Flags.option({ options: EVENT_TYPES })({
      summary: 'Only events of this type; may be repeated.',
      multiple: true,
      multipleNonGreedy: true,
    }),
    key: Flags.string({ summary: 'Only keys that match, e.g. users:*', helpValue: 'GLOB' }),
    for: duration({ summary: 'End after this time.' }),
    limit: Flags.integer({ summary: 'End after so many events.', helpValue: 'N', min: 1 }),
    enable: Flags.boolean({
      default: false,
      summary: 'Switch the server’s notifications on, and back as they were at the end.',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EventsTail);
    await this.withStore(flags, async ({ store, interruption }) => {
      const ended = new AbortController();
      const signal = AbortSignal.any([interruption.signal, ended.signal]);
      const stream = await store.events({ signal, enable: flags.enable });
      const timer = flags.for === undefined ? undefined : setTimeout(() => ended.abort(), flags.for * 1000);
      let printed = 0;
      try {
        checkTypes(stream, flags.type ?? [], store.driver);
        note(stream.source);
        if (stream.warning !== undefined) warn(stream.warning);
        const wanted = matcher(flags.type ?? [], flags.key);
        for await (const event of stream) {
          if (!wanted(event)) continue;
          await (flags.json ? answerJson(eventFields(event)) : answer(`${eventLine(event)}\n`));
          if (++printed === flags.limit) break;
        }
      } finally {
        clearTimeout(timer);
        ended.abort();
      }

      const lasted = flags.for === undefined ? '' : ` in ${formatDuration(flags.for)}`;
      note(`${count(printed)} ${printed === 1 ? 'event' : 'events'}${lasted}`);
      return interruptedCode(interruption);
    });
  }
}

/** Waiting for what the store never tells would be waiting forever. */
function checkTypes({ types }: EventStream, wanted: readonly EventType[], driver: string): void {
  const untold = wanted.filter((type) => !types.includes(type));
  if (untold.length === 0) return;
  throw new UnsupportedError(
    `the ${driver} store does not tell ${untold.join(' or ')}`,
    types.length === 0 ? 'It has no events.' : `It tells ${types.join(', ')}.`,
  );
}

function matcher(types: readonly EventType[], glob: string | undefined): (event: CacheEvent) => boolean {
  const matchesKey = glob === undefined ? undefined : globMatcher(glob);
  return ({ type, key }) =>
    (types.length === 0 || types.includes(type)) &&
    (matchesKey === undefined || (key !== undefined && matchesKey(key)));
}
