import type { CachectlError } from '../../../errors.js';
import type { BinaryConnection, Response } from './binary-connection.js';

import { refusedWith, Status } from '../errors.js';
import { cannotCount } from './access-errors.js';
import { type CounterUpdate, type Item, Node, TooLarge, type Write } from './node.js';

/** One server over the binary protocol, the only one with SASL. It reports no TTLs and cannot list keys. */
export class BinaryNode extends Node {
  readonly #binary: BinaryConnection;

  constructor(location: string, binary: BinaryConnection) {
    super(location);
    this.#binary = binary;
  }

  async ready(): Promise<void> {
    await this.stats('');
  }

  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const responses = await this.#binary.ask(keys.map((key) => ({ opcode: Opcode.Get, key })));
    return responses.map((response) => this.#item(response));
  }

  async touch(key: Buffer, expiry: number): Promise<boolean> {
    return this.#found(await this.#ask({ opcode: Opcode.Touch, key, extras: uint32(expiry) }));
  }

  async remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>> {
    const responses = await this.#binary.ask(keys.map((key) => ({ opcode: Opcode.Delete, key })));
    return responses.map(({ status }) => {
      if (status === Status.Done || status === Status.NotFound) return status === Status.Done;
      return refusedWith(this.location, status);
    });
  }

  async removeIfSame(key: Buffer, { cas }: Item): Promise<boolean> {
    return this.#swapped(await this.#ask({ opcode: Opcode.Delete, key, cas: this.checked(cas) }));
  }

  /** @throws UnsupportedError if the server's own increment cannot produce the sum */
  async updateCounter({ key, held, by, sum }: CounterUpdate): Promise<bigint | undefined> {
    // The server pads a decremented number with spaces, for the application too.
    if (sum < 0n || !/^\d+ *$/.test(held.value.toString('latin1'))) throw cannotCount('binary', this.location);
    const opcode = by < 0n ? Opcode.Decrement : Opcode.Increment;
    const extras = Buffer.alloc(20);
    extras.writeBigUInt64BE(by < 0n ? -by : by, 0);
    extras.writeUInt32BE(NOT_WHEN_MISSING, 16);
    const isDone = this.#swapped(await this.#ask({ opcode, key, extras, cas: this.checked(held.cas) }));
    return isDone ? sum : undefined;
  }

  async clear(): Promise<void> {
    const status = await this.#ask({ opcode: Opcode.Flush, key: Buffer.alloc(0) });
    if (status !== Status.Done) throw refusedWith(this.location, status);
  }

  close(): void {
    this.#binary.close();
  }

  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    return this.#binary.stats(of);
  }

  protected async store(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    const responses = await this.#binary.ask(writes.map((write) => ({ opcode: Opcode.Set, ...framed(write) })));
    return responses.map(({ status }) => (status === Status.Done ? undefined : this.#refused(status)));
  }

  protected async storeNew(write: Write): Promise<boolean> {
    const status = await this.#ask({ opcode: Opcode.Add, ...framed(write) });
    if (status === Status.Exists || status === Status.NotStored) return false;
    if (status !== Status.Done) throw this.#refused(status);
    return true;
  }

  protected async storeIfSame(write: Write, { cas }: Item): Promise<boolean> {
    return this.#swapped(await this.#ask({ opcode: Opcode.Set, ...framed(write), cas: this.checked(cas) }));
  }

  async #ask(request: Parameters<BinaryConnection['ask']>[0][number]): Promise<number> {
    const [response] = await this.#binary.ask([request]);
    return response!.status;
  }

  #item({ status, extras, value, cas }: Response): CachectlError | Item | undefined {
    if (status === Status.NotFound) return undefined;
    if (status !== Status.Done || extras.length < 4) return refusedWith(this.location, status);
    return { value, flags: extras.readUInt32BE(0), cas, ttl: undefined };
  }

  #found(status: number): boolean {
    if (status === Status.Done || status === Status.NotFound) return status === Status.Done;
    throw refusedWith(this.location, status);
  }

  #swapped(status: number): boolean {
    if (status === Status.Done) return true;
    if (status === Status.Exists || status === Status.NotFound) return false;
    throw this.#refused(status);
  }

  #refused(status: number): CachectlError {
    return status === Status.TooLarge ? new TooLarge(this.location) : refusedWith(this.location, status);
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

/** An expiry that keeps the server from creating a missing number. */
const NOT_WHEN_MISSING = 0xff_ff_ff_ff;

function framed({ key, value, flags, expiry }: Write): { key: Buffer; extras: Buffer; value: Buffer } {
  return { key, extras: Buffer.concat([uint32(flags), uint32(expiry)]), value };
}

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
