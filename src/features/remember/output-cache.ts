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

/** How to cache the output of a command. */
export interface Terms {
  readonly key: string;
  readonly tags: readonly string[] | undefined;
  /** How long it is fresh, in seconds; null for ever. */
  readonly fresh: Ttl;
  /** For how many more seconds it may be served while it is refreshed. */
  readonly stale: number | undefined;
  /** Store it as a plain string, without the exit code. */
  readonly valueOnly: boolean;
}

/** A stored output. */
export interface Remembered {
  /** A string, unless an application stored something else under the key. */
  readonly output: Value;
  readonly exitCode: number;
  readonly isStale: boolean;
  readonly ttl: Ttl | undefined;
}

/** The TTL of the entry, in seconds: fresh plus stale, as in Laravel's flexible(). */
export function lifeOf({ fresh, stale = 0 }: Pick<Terms, 'fresh' | 'stale'>): Ttl {
  return fresh === null ? null : fresh + stale;
}

/** Stores the output of a command in a cache. */
export class OutputCache {
  readonly terms: Terms;
  readonly #entries: Repository;

  constructor(store: Store, terms: Terms) {
    this.terms = terms;
    this.#entries = entriesOf(store, terms.tags);
  }

  /**
   * Undefined if the command must run: nothing is stored, or (with a stale time) the age is unknown.
   * @throws WrongTypeError if the key holds something else
   */
  async look(): Promise<Remembered | undefined> {
    const { key, stale } = this.terms;
    if (stale === undefined) return this.#read(await this.#entries.get(key), false);
    const [entry, created] = (await this.#entries.many([key, createdKey(key)])).map((reading) => given(reading));
    const madeAt = created && seconds(decode(createdKey(key), created));
    return madeAt === undefined ? undefined : this.#read(entry, this.#isOld(madeAt));
  }

  /** Store the output before its time. If only the time were updated, an old output would look fresh. */
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

/** Redis stores a numeric string as a number. It was printed as text, so it is text again. */
function bare(value: Value): Value {
  return value.type === 'integer' || value.type === 'float' ? string(valueBytes(value)) : value;
}

function unpacked(key: string, value: Value): { readonly output: Value; readonly exitCode: number } {
  const left = outputIn(value);
  if (left !== undefined) return left;
  throw new WrongTypeError(
    `"${printKey(key)}" does not hold the output and exit code of a command`,
    'Use another key, --value-only for a plain value, or --refresh to overwrite it.',
  );
}

function given(reading: Reading): Entry | undefined {
  if (reading instanceof Error) throw reading;
  return reading;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Redis stores numbers as text. Undefined if the value is no time. */
function seconds(value: Value): number | undefined {
  if (value.type !== 'integer' && value.type !== 'string' && value.type !== 'float') return undefined;
  const number = Number(String(value.value) || Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}
