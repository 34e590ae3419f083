import type { ServerStats, StoreStats } from '../../stores/contract/stats.js';
import type { Column } from '../../terminal/list.js';

import { rounded } from '../../terminal/numbers.js';
import { ratioOf, totalsOf } from './totals.js';

/** What came between two looks, and what was so at the second. What is not told is undefined. */
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

/** Turns counters that run since a server was started into what came since the last look. */
export class StatsRates {
  #last: { readonly at: number; readonly servers: ReadonlyMap<string, ServerStats> } | undefined;

  /**
   * Undefined of the first look: there is nothing to compare with.
   * @param at in milliseconds, by a clock that nobody sets
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

/** Of `stats --watch`, in JSON and in a pipe. */
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
 * Of all servers that could be asked both times. A counter that went back is that of a server that was started anew, of
 * which nobody knows what came before.
 */
function growth(
  servers: readonly ServerStats[],
  last: ReadonlyMap<string, ServerStats>,
  counter: Counter,
): number | undefined {
  let sum = 0;
  let isTold = false;
  for (const { name, failure, [counter]: now } of servers) {
    const before = last.get(name);
    if (failure !== undefined || before === undefined || before.failure !== undefined) continue;
    const then = before[counter];
    if (now === undefined || then === undefined || now < then) return undefined;
    sum += now - then;
    isTold = true;
  }

  return isTold ? sum : undefined;
}
