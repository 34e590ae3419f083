import type { ServerStats, StoreStats } from '../../stores/contract/stats.js';
import type { Column } from '../../terminal/list.js';

import { rounded } from '../../terminal/numbers.js';
import { ratioOf, totalsOf } from './totals.js';

/** Rates between two readings, and values at the second. Undefined if the store does not report them. */
export interface StatsInterval {
  readonly time: Date;
  readonly seconds: number;
  readonly hitsPerSecond: number | undefined;
  readonly missesPerSecond: number | undefined;
  readonly hitRatio: number | undefined;
  readonly commandsPerSecond: number | undefined;
  readonly evictionsPerSecond: number | undefined;
  readonly expiredPerSecond: number | undefined;
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  readonly memory: number | undefined;
  readonly clients: number | undefined;
}

const COUNTERS = ['hits', 'misses', 'commands', 'evictions', 'expired'] as const;

type Counter = (typeof COUNTERS)[number];

/** Turns counters since the start of a server into rates since the last reading. */
export class StatsRates {
  #last: { readonly at: number; readonly servers: ReadonlyMap<string, ServerStats> } | undefined;

  /**
   * Undefined for the first reading.
   * @param at monotonic time in milliseconds
   */
  add({ servers }: StoreStats, at: number): StatsInterval | undefined {
    const last = this.#last;
    this.#last = { at, servers: new Map(servers.map((server) => [server.name, server])) };
    if (last === undefined) return undefined;
    const seconds = (at - last.at) / 1000;
    const grown = Object.fromEntries(COUNTERS.map((counter) => [counter, growth(servers, last.servers, counter)]));
    const rate = (counter: Counter): number | undefined => {
      const sum = grown[counter];
      return sum === undefined ? undefined : sum / seconds;
    };

    const { entries, bytes, memory, clients } = totalsOf(servers);
    return {
      time: new Date(),
      seconds,
      hitsPerSecond: rate('hits'),
      missesPerSecond: rate('misses'),
      hitRatio: ratioOf(grown).hitRatio,
      commandsPerSecond: rate('commands'),
      evictionsPerSecond: rate('evictions'),
      expiredPerSecond: rate('expired'),
      entries,
      bytes,
      memory,
      clients,
    };
  }
}

/** The columns of `stats --watch` in JSON and in a pipe. */
export const intervalColumns: ReadonlyArray<Column<StatsInterval>> = [
  { name: 'at', value: ({ time }) => time.toISOString() },
  ...(
    [
      'seconds',
      'hitsPerSecond',
      'missesPerSecond',
      'hitRatio',
      'commandsPerSecond',
      'evictionsPerSecond',
      'expiredPerSecond',
      'entries',
      'bytes',
      'memory',
      'clients',
    ] as const
  ).map((name): Column<StatsInterval> => ({ name, value: ({ [name]: figure }) => figure && rounded(figure) })),
];

/**
 * The growth of a counter on all servers that answered both times. Undefined if a counter went back, since that server
 * was restarted.
 */
function growth(
  servers: readonly ServerStats[],
  last: ReadonlyMap<string, ServerStats>,
  counter: Counter,
): number | undefined {
  let sum = 0;
  let isKnown = false;
  for (const { name, failure, [counter]: now } of servers) {
    const before = last.get(name);
    if (failure !== undefined || before === undefined || before.failure !== undefined) continue;
    const then = before[counter];
    if (now === undefined || then === undefined || now < then) return undefined;
    sum += now - then;
    isKnown = true;
  }

  return isKnown ? sum : undefined;
}
