import { setTimeout as sleep } from 'node:timers/promises';

import type { Work } from '../../runtime/store-command.js';
import type { StoreStats } from '../../stores/contract/stats.js';
import type { Store } from '../../stores/contract/store.js';

import { type CachectlError, isPassing } from '../../errors.js';
import { toFailure } from '../../runtime/report-error.js';
import { onQuitKey } from '../../terminal/keyboard.js';
import { itemJson, itemLine } from '../../terminal/list.js';
import { LiveFrame } from '../../terminal/live-frame.js';
import { bytesText, rateText, ratioText } from '../../terminal/numbers.js';
import { answer, answerJson, answersAPerson, warn } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { sparkline } from '../../terminal/sparkline.js';
import { styleAnswer } from '../../terminal/style.js';
import { table } from '../../terminal/table.js';
import { intervalColumns, type StatsInterval, StatsRates } from './rates.js';
import { totalsOf } from './totals.js';

export interface WatchFlags {
  readonly json: boolean;
  /** Seconds between two readings. */
  readonly interval: number;
  /** Seconds. Undefined: until it is stopped. */
  readonly for: number | undefined;
}

/** Read statistics at an interval and show the changes, until the time limit or an interruption. */
export async function watchStats(
  { store, interruption }: Work,
  flags: WatchFlags,
  look: (signal: AbortSignal) => Promise<StoreStats>,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([interruption.signal, ended.signal]);
  const screen = answersAPerson() && !flags.json ? new Screen(store.location, flags.interval) : undefined;
  const warnAboutLost = lostServerWarnings();
  const reader = new ResilientReader(store, look);
  const restoreKeys = screen && onQuitKey(() => ended.abort());
  try {
    await every(flags, signal, async (rates) => {
      const stats = await reader.next(signal);
      if (stats === undefined) return;
      const interval = rates.add(stats, performance.now());
      if (!screen) warnAboutLost(stats);
      if (screen) screen.show(stats, interval);
      else if (interval && flags.json) await answerJson(itemJson(interval, intervalColumns));
      else if (interval) await answer(itemLine(interval, intervalColumns));
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    restoreKeys?.();
    screen?.clear();
  }

  if (screen && interruption.by !== 'closed pipe') await answer(screen.last);
  if (reader.failure !== undefined && !signal.aborted) throw reader.failure;
}

/** Reads statistics through outages. The first reading must succeed. */
class ResilientReader {
  /** Why the store does not answer. Undefined while it does. */
  failure: CachectlError | undefined;
  readonly #store: Pick<Store, 'reconnect'>;
  readonly #look: (signal: AbortSignal) => Promise<StoreStats>;
  #hasAnswered = false;

  constructor(store: Pick<Store, 'reconnect'>, look: (signal: AbortSignal) => Promise<StoreStats>) {
    this.#store = store;
    this.#look = look;
  }

  /** Undefined while the store does not answer. */
  async next(signal: AbortSignal): Promise<StoreStats | undefined> {
    try {
      // Idle since the last reading.
      await this.#store.reconnect?.({ onlyClosed: true });
      const stats = await this.#look(signal);
      this.#hasAnswered = true;
      this.failure = undefined;
      return stats;
    } catch (error) {
      if (!this.#hasAnswered || signal.aborted || !isPassing(error)) throw error;
      if (this.failure === undefined) warn(`${toFailure(error).message}; reconnecting`);
      this.failure = error;
      await this.#store.reconnect?.();
      return undefined;
    }
  }
}

/** Warns once about each server that does not answer, and again after it has recovered. */
function lostServerWarnings(): (stats: StoreStats) => void {
  let lost: ReadonlySet<string> = new Set();
  return ({ servers }) => {
    const failed = servers.filter(({ failure }) => failure !== undefined);
    for (const { name, failure } of failed) {
      if (!lost.has(name)) warn(`${name} is no longer included: ${failure!.message}`);
    }

    lost = new Set(failed.map(({ name }) => name));
  };
}

/**
 * Run `work` at once, then at each interval that fits into the time limit. Skip intervals that pass while the store does
 * not answer: several readings in a row would show rates over a few milliseconds.
 */
async function every(
  { interval, for: seconds = Infinity }: WatchFlags,
  signal: AbortSignal,
  work: (rates: StatsRates) => Promise<void>,
): Promise<void> {
  const rates = new StatsRates();
  await work(rates);
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000 / interval;
  for (let step = 1; step * interval <= seconds; step = Math.max(step, Math.floor(elapsed())) + 1) {
    await sleep(Math.max(0, step - elapsed()) * interval * 1000, undefined, { signal });
    await work(rates);
  }
}

/** The number of intervals in the sparklines. */
const HISTORY = 60;

type Figure = Exclude<keyof StatsInterval, 'seconds' | 'time'>;

const ROWS: ReadonlyArray<readonly [figure: Figure, label: string, text: (number: number) => string]> = [
  ['hitsPerSecond', 'hits/s', rateText],
  ['missesPerSecond', 'misses/s', rateText],
  ['hitRatio', 'hit ratio', ratioText],
  ['commandsPerSecond', 'commands/s', rateText],
  ['evictionsPerSecond', 'evictions/s', rateText],
  ['expiredPerSecond', 'expired/s', rateText],
  ['entries', 'entries', count],
  ['bytes', 'bytes', bytesText],
  ['memory', 'memory', bytesText],
  ['clients', 'clients', count],
];

/** The live table of figures with sparklines. */
class Screen {
  readonly #frame = new LiveFrame();
  readonly #title: string;
  readonly #history = new Map<Figure, number[]>();
  last = '';

  constructor(location: string, interval: number) {
    this.#title = styleAnswer('bold', `${location}, every ${interval}s; q quits`);
  }

  show(stats: StoreStats, interval: StatsInterval | undefined): void {
    const now: { readonly [Name in Figure]?: number | undefined } = interval ?? totalsOf(stats.servers);
    for (const [figure] of ROWS) this.#add(figure, interval && now[figure]);
    const rows = ROWS.flatMap(([figure, label, text]) => {
      const value = figure === 'hitRatio' && interval === undefined ? undefined : now[figure];
      const history = this.#history.get(figure)!;
      if (value === undefined && !history.some((number) => number > 0)) return [];
      return [[label, value === undefined ? '-' : text(value), sparkline(history).padEnd(1)]];
    });
    const lost = stats.servers.filter(({ failure }) => failure !== undefined).map(({ failure }) => failure!.message);
    this.last = [
      this.#title,
      table(['', { title: 'NOW', isNumber: true }, `LAST ${HISTORY}`], rows).trimEnd(),
      ...lost,
      '',
    ].join('\n');
    this.#frame.draw(this.last);
  }

  clear(): void {
    this.#frame.clear();
  }

  #add(figure: Figure, value: number | undefined): void {
    const history = this.#history.get(figure) ?? [];
    history.push(value ?? 0);
    this.#history.set(figure, history.slice(-HISTORY));
  }
}
