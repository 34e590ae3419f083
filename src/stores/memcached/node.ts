import type { CachectlError } from '../../errors.js';
import type { Ttl } from '../contract.js';
import type { BinaryConnection, Response } from './binary-connection.js';

import { UnsupportedError } from '../../errors.js';
import { refusedWith, Status, tooLarge, withoutCas } from './errors.js';

/** What one key holds, as the server has it. */
export interface Item {
  readonly value: Buffer;
  readonly flags: number;
  /** Changes with every write; 0 where the server keeps none. */
  readonly cas: bigint;
  /** Seconds left, null for never; undefined where the protocol does not tell. */
  readonly ttl: Ttl | undefined;
  /** Seconds since the last use; of a look. */
  readonly idle?: number;
}

/** What is to be written under a full key. */
export interface Write {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  /** As Memcached takes it; see `expiryOf`. */
  readonly expiry: number;
}

/** What is to stand in the place of a number, whose ttl stays. */
export interface Count {
  readonly key: Buffer;
  readonly held: Item;
  readonly by: bigint;
  readonly sum: bigint;
  /** `sum`, as it is stored. */
  readonly value: Buffer;
  readonly flags: number;
}

/** One server, by the binary protocol, which is all that SASL leaves. It tells no ttl. */
export class Node {
  readonly location: string;
  protected readonly binary: BinaryConnection;

  constructor(location: string, binary: BinaryConnection) {
    this.location = location;
    this.binary = binary;
  }

  /** What each key holds, or why it cannot be read. One round trip. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const responses = await this.binary.ask(keys.map((key) => ({ opcode: Opcode.Get, key })));
    return responses.map((response) => this.#item(response));
  }

  /** Undefined for what is stored, else why it is not. One round trip. */
  async put(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    const responses = await this.binary.ask(writes.map((write) => ({ opcode: Opcode.Set, ...framed(write) })));
    return Promise.all(
      responses.map(async ({ header }, index) =>
        header.status === Status.Done ? undefined : this.#refusal(header.status, writes[index]!.key),
      ),
    );
  }

  /** False when the key was there. */
  async add(write: Write): Promise<boolean> {
    const status = await this.#ask({ opcode: Opcode.Add, ...framed(write) });
    if (status === Status.Exists || status === Status.NotStored) return false;
    if (status !== Status.Done) throw await this.#refusal(status, write.key);
    return true;
  }

  /** False when the key was not there. */
  async touch(key: Buffer, expiry: number): Promise<boolean> {
    return this.#found(await this.#ask({ opcode: Opcode.Touch, key, extras: uint32(expiry) }));
  }

  /** For each key whether it was there, or why that cannot be said. One round trip. */
  async remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>> {
    const responses = await this.binary.ask(keys.map((key) => ({ opcode: Opcode.Delete, key })));
    return responses.map(({ header: { status } }) => {
      if (status === Status.Done || status === Status.NotFound) return status === Status.Done;
      return refusedWith(this.location, status);
    });
  }

  /** False when the key holds something else by now, or nothing. */
  async removeIfSame(key: Buffer, { cas }: Item): Promise<boolean> {
    return this.#swapped(await this.#ask({ opcode: Opcode.Delete, key, cas: this.checked(cas) }), key);
  }

  /** False when the key holds something else by now, or nothing. */
  async replaceIfSame(write: Write, { cas }: Item): Promise<boolean> {
    const request = { opcode: Opcode.Set, ...framed(write), cas: this.checked(cas) };
    return this.#swapped(await this.#ask(request), write.key);
  }

  /**
   * Keeps the ttl. False when the key holds something else by now, or nothing.
   * @throws UnsupportedError for a sum that the server cannot count to itself
   */
  async recount({ key, held, by, sum }: Count): Promise<boolean> {
    // What gets shorter is padded with spaces, as it is when the application counts down.
    if (sum < 0n || !/^\d+ *$/.test(held.value.toString('latin1'))) throw cannotCount(this.location);
    const opcode = by < 0n ? Opcode.Decrement : Opcode.Increment;
    const extras = Buffer.alloc(20);
    extras.writeBigUInt64BE(by < 0n ? -by : by, 0);
    extras.writeUInt32BE(NOT_WHEN_MISSING, 16);
    return this.#swapped(await this.#ask({ opcode, key, extras, cas: this.checked(held.cas) }), key);
  }

  /** How many items it holds, whoever put them there. */
  async count(): Promise<number> {
    return Number((await this.stats('')).get('curr_items') ?? 0);
  }

  /** Everything goes, whoever put it there. */
  async clear(): Promise<void> {
    const status = await this.#ask({ opcode: Opcode.Flush, key: Buffer.alloc(0) });
    if (status !== Status.Done) throw refusedWith(this.location, status);
  }

  close(): void {
    this.binary.close();
  }

  /** What `stats` says, by name; of `settings`, say. */
  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    return this.binary.stats(of);
  }

  protected async itemIsTooLarge(key: Buffer): Promise<CachectlError> {
    const limit = Number((await this.stats('settings')).get('item_size_max'));
    return tooLarge(this.location, key.toString(), Number.isInteger(limit) ? limit : undefined);
  }

  /** @throws RefusedError when the server has none */
  protected checked(cas: bigint): bigint {
    if (cas === 0n) throw withoutCas(this.location);
    return cas;
  }

  async #ask(request: Parameters<BinaryConnection['ask']>[0][number]): Promise<number> {
    const [response] = await this.binary.ask([request]);
    return response!.header.status;
  }

  #item({ header, extras, val }: Response): CachectlError | Item | undefined {
    if (header.status === Status.NotFound) return undefined;
    if (header.status !== Status.Done || extras.length < 4) return refusedWith(this.location, header.status);
    return { value: val, flags: extras.readUInt32BE(0), cas: header.cas.readBigUInt64BE(0), ttl: undefined };
  }

  #found(status: number): boolean {
    if (status === Status.Done || status === Status.NotFound) return status === Status.Done;
    throw refusedWith(this.location, status);
  }

  async #swapped(status: number, key: Buffer): Promise<boolean> {
    if (status === Status.Done) return true;
    if (status === Status.Exists || status === Status.NotFound) return false;
    throw await this.#refusal(status, key);
  }

  async #refusal(status: number, key: Buffer): Promise<CachectlError> {
    return status === Status.TooLarge ? this.itemIsTooLarge(key) : refusedWith(this.location, status);
  }
}

const Opcode = {
  Get: 0x00,
  Set: 0x01,
  Add: 0x02,
  Delete: 0x04,
  Increment: 0x05,
  Decrement: 0x06,
  Flush: 0x08,
  Touch: 0x1c,
} as const;

/** An expiry by which a missing number is not made. */
const NOT_WHEN_MISSING = 0xff_ff_ff_ff;

function framed({ key, value, flags, expiry }: Write): { key: Buffer; extras: Buffer; value: Buffer } {
  return { key, extras: Buffer.concat([uint32(flags), uint32(expiry)]), value };
}

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function cannotCount(location: string): UnsupportedError {
  return new UnsupportedError(
    `the memcached store cannot count below zero behind SASL, nor numbers written with signs or spaces (${location})`,
    'There it can only let the server count, else the ttl would be lost. Put the number that it is to be.',
  );
}
