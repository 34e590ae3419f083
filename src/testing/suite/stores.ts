import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Value } from '../../codecs/value.js';
import type { Entry, Store, Traits, Ttl } from '../../stores/contract/store.js';
import type { Ability, StoreHarness } from '../harness.js';

import { openCodec } from '../../codecs/open.js';

const PHP = openCodec('php');

/** The stores of a case, under a prefix of its own. `closeAll` runs after the case. */
export class Stores {
  readonly harness: StoreHarness;
  readonly #open: Store[] = [];
  #prefixes = 0;

  constructor(harness: StoreHarness) {
    this.harness = harness;
  }

  get traits(): Traits {
    return this.harness.traits;
  }

  has(ability: Ability): boolean {
    return this.harness.has.includes(ability);
  }

  /** Open an empty store. */
  async fresh(): Promise<Store> {
    return this.under(this.newPrefix());
  }

  /** Open another client under the same prefix. */
  async second(store: Store): Promise<Store> {
    return this.under(store.prefix);
  }

  async under(prefix: string): Promise<Store> {
    const store = await this.harness.open({ prefix });
    this.#open.push(store);
    return store;
  }

  /** A prefix that is not part of another one. */
  newPrefix(): string {
    this.#prefixes++;
    return `case-${this.#prefixes}:`;
  }

  /** Whether any text can be a key. */
  get takesAnyKey(): boolean {
    return this.traits.keyBytes === undefined;
  }

  /** Whether the store can hold the value. */
  holds(value: Value): boolean {
    return this.harness.holds?.(PHP.encode(value)) !== false;
  }

  /**
   * Bytes that no compression makes much smaller: random ones, or random ASCII where the store's layout has no others.
   * Without NUL, which makes PostgreSQL's layout encode the value.
   */
  noise(length: number): Buffer {
    const bytes = randomBytes(length).map((byte) => (byte % 255) + 1) as Buffer;
    return this.holds({ type: 'string', value: bytes }) ? bytes : (bytes.map((byte) => (byte % 127) + 1) as Buffer);
  }

  /** The result of a flush of so many tagged entries: their number, or undefined if the store does not count. */
  counted(entries: number): number | undefined {
    return this.traits.countsTagged ? entries : undefined;
  }

  /** Expect seconds within bounds, or null for never; undefined if the store reports no TTLs. */
  expectTtl(
    held: { readonly ttl: Ttl | undefined } | undefined,
    expected: readonly [least: number, most: number] | null,
  ): void {
    expect(held).not.to.be.undefined;
    if (!this.traits.ttls) expect(held!.ttl).to.be.undefined;
    else if (expected === null) expect(held!.ttl).to.be.null;
    else expect(held!.ttl).to.be.within(...expected);
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((store) => store.close()));
  }
}

/** Poll until the answer is true. Otherwise the case ends with its timeout. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

/**
 * A hit's value as text. Laravel stores numbers bare on some servers, so 42 and "42" are the same bytes there. Only
 * the text of a number is certain.
 */
export function textOf(entry: Entry | undefined): string | undefined {
  return entry && textOfValue(entry.decode());
}

function textOfValue(value: Value): string {
  switch (value.type) {
    case 'boolean':
    case 'float':
    case 'integer': {
      return String(value.value);
    }

    case 'string': {
      return value.value.toString();
    }

    default: {
      throw new Error(`Not a value with a text: ${value.type}`);
    }
  }
}

/** The results of `many` for keys that hold only entries. */
export async function hits(store: Store, keys: readonly string[]): Promise<Array<Entry | undefined>> {
  const readings = await store.many(keys);
  return readings.map((reading) => {
    if (reading instanceof Error) throw reading;
    return reading;
  });
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

/** The error of a rejected promise. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }

  throw new Error('It was expected to fail, and did not.');
}
