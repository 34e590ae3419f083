import type { Value } from '../../codecs/value.js';
import type { Entry, NewEntry, Reading, Repository, Store, Ttl } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { ExitCode, WrongTypeError } from '../../errors.js';
import { CREATED_HEAD } from '../../stores/entries/flexible-names.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { outputIn, packOutput } from '../../stores/entries/remembered-output.js';
import { valueBytes } from '../../terminal/value-text.js';
import { decode } from '../entries/readings.js';
import { entriesOf } from '../entries/repository.js';

/** How the output of a command is kept. */
export interface Terms {
  readonly key: string;
  readonly tags: readonly string[] | undefined;
  /** For how long it is fresh; null for ever. */
  readonly fresh: Ttl;
  /** For how many seconds more it is printed while a new one is made; undefined for no such time. */
  readonly stale: number | undefined;
  /** It is stored as a string, without an exit code. */
  readonly valueOnly: boolean;
}

/** What a command left. */
export interface Remembered {
  /** What it printed: a string, unless an application stored something else under the key. */
  readonly output: Value;
  readonly exitCode: number;
  readonly isStale: boolean;
  readonly ttl: Ttl | undefined;
}

/** How long an output is stored, in seconds: as Laravel's flexible() has it, fresh and stale together. */
export function lifeOf({ fresh, stale = 0 }: Pick<Terms, 'fresh' | 'stale'>): Ttl {
  return fresh === null ? null : fresh + stale;
}

/** The output of a command in a cache. */
export class Memory {
  readonly terms: Terms;
  readonly #entries: Repository;

  constructor(store: Store, terms: Terms) {
    this.terms = terms;
    this.#entries = entriesOf(store, terms.tags);
  }

  /**
   * Undefined when the command is to be run: there is nothing, or (with a time to be stale) nobody knows how old it is.
   * @throws WrongTypeError when there is something else
   */
  async look(): Promise<Remembered | undefined> {
    const { key, stale } = this.terms;
    if (stale === undefined) return this.#read(await this.#entries.get(key), false);
    const [entry, created] = (await this.#entries.many([key, createdKey(key)])).map((reading) => given(reading));
    const madeAt = created && seconds(decode(createdKey(key), created));
    return madeAt === undefined ? undefined : this.#read(entry, this.#isOld(madeAt));
  }

  /** The output first: were it left with the time of a newer one, it would pass for that. */
  async keep(output: Buffer, exitCode: number): Promise<void> {
    const { key, stale } = this.terms;
    const ttl = lifeOf(this.terms);
    const value = this.terms.valueOnly ? string(output) : packOutput(output, exitCode);
    if (stale === undefined) {
      await this.#entries.put(key, value, ttl);
      return;
    }

    const entries: NewEntry[] = [
      { key, value, ttl },
      { key: createdKey(key), value: integer(now()), ttl },
    ];
    await this.#entries.putMany(entries);
  }

  #isOld(madeAt: number): boolean {
    return this.terms.fresh !== null && madeAt + this.terms.fresh <= now();
  }

  #read(entry: Entry | undefined, isStale: boolean): Remembered | undefined {
    if (entry === undefined) return undefined;
    const { key, valueOnly } = this.terms;
    const value = decode(key, entry);
    const { output, exitCode } = valueOnly ? { output: bare(value), exitCode: ExitCode.Yes } : unpacked(key, value);
    return { output, exitCode, isStale, ttl: entry.ttl };
  }
}

function createdKey(key: string): string {
  return CREATED_HEAD + key;
}

/** Redis holds what looks like a number as one: it is what a command printed, to the digit. */
function bare(value: Value): Value {
  return value.type === 'integer' || value.type === 'float' ? string(valueBytes(value)) : value;
}

function unpacked(key: string, value: Value): { readonly output: Value; readonly exitCode: number } {
  const left = outputIn(value);
  if (left !== undefined) return left;
  throw new WrongTypeError(
    `"${printKey(key)}" holds something else than the output of a command and its exit code`,
    'Take another key, --value-only for what an application stores, or --refresh to write over it.',
  );
}

function given(reading: Reading): Entry | undefined {
  if (reading instanceof Error) throw reading;
  return reading;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Redis holds numbers as text. Undefined for what is no time. */
function seconds(value: Value): number | undefined {
  if (value.type !== 'integer' && value.type !== 'string' && value.type !== 'float') return undefined;
  const number = Number(String(value.value) || Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}
