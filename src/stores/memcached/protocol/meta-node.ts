import type { CachectlError } from '../../../errors.js';
import type { BinaryConnection } from './binary-connection.js';
import type { TextConnection } from './text-connection.js';
import type { Answer } from './text-parser.js';

import { closed, refusedBy } from '../errors.js';
import { isNameable, isPlain } from '../keys.js';
import { ClassicNode, command } from './classic-node.js';
import { type CounterUpdate, type Item, type Write } from './node.js';
import { ask, statsOf } from './text-connection.js';

/** One server with meta commands, which report TTLs and compare and change in one round trip. */
export class MetaNode extends ClassicNode {
  readonly #openBinary: () => Promise<BinaryConnection>;
  #binary: Promise<BinaryConnection> | undefined;

  /** @param openBinary to remove keys that are too long for base64 */
  constructor(location: string, text: TextConnection, openBinary: () => Promise<BinaryConnection>) {
    super(location, text);
    this.#openBinary = openBinary;
  }

  override async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const answers = await this.text.ask(keys.map((key) => metaCommand('mg', key, 'v f t c')));
    return answers.map((answer) => this.itemOf(answer));
  }

  /** Like `read`, but without updating the last use, and with the idle time. */
  async look(
    keys: readonly Buffer[],
    { values = true } = {},
  ): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const wanted = values ? 'v f t c l u' : 'f t c l u';
    const answers = await this.text.ask(keys.map((key) => metaCommand('mg', key, wanted)));
    return answers.map((answer) => this.itemOf(answer));
  }

  /**
   * The metadata of an item, without updating its last use or the miss counter:
   * `ME key exp=-1 la=3 cas=2 fetch=no cls=1 size=63`. Undefined if there is no such item.
   * @throws RefusedError
   */
  async describe(key: Buffer): Promise<ReadonlyMap<string, string> | undefined> {
    const [answer] = await this.text.ask([metaCommand('me', key, '')]);
    const { line } = answer!;
    if (line === 'EN') return undefined;
    if (!line.startsWith('ME ')) throw refusedBy(this.location, line);
    return new Map(
      line
        .split(' ')
        .slice(2)
        .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
    );
  }

  override async touch(key: Buffer, expiry: number): Promise<boolean> {
    if (isPlain(key)) return super.touch(key, expiry);
    const [answer] = await this.text.ask([metaCommand('mg', key, `T${expiry}`)]);
    return answer!.line !== 'EN' && this.#swapped(answer!);
  }

  override async remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>> {
    if (keys.every((key) => isPlain(key))) return super.remove(keys);
    if (keys.every((key) => isNameable(key))) {
      const answers = await this.text.ask(keys.map((key) => metaCommand('md', key, '')));
      return answers.map((answer) => this.#swapped(answer));
    }

    this.#binary ??= this.#openBinary();
    const { BinaryNode } = await import('./binary-node.js');
    return new BinaryNode(this.location, await this.#binary).remove(keys);
  }

  override async removeIfSame(key: Buffer, item: Item): Promise<boolean> {
    const [isRemoved] = await this.removeSame([{ key, item }]);
    return isRemoved!;
  }

  /** Remove items that have not changed. True for each that was removed. One round trip. */
  async removeSame(held: ReadonlyArray<{ readonly key: Buffer; readonly item: Item }>): Promise<readonly boolean[]> {
    const answers = await this.text.ask(
      held.map(({ key, item }) => metaCommand('md', key, `C${this.checked(item.cas)}`)),
    );
    return answers.map((answer) => this.#swapped(answer));
  }

  override async updateCounter(count: CounterUpdate): Promise<bigint | undefined> {
    const { key, held, by, sum, value, flags } = count;
    const digits = held.value.toString('latin1');
    // If the number gets shorter, the server pads it with spaces, which other clients never write.
    const staysInPlace = /^\d+$/.test(digits) && sum >= 0n && String(sum).length >= digits.length;
    if (staysInPlace && flags === held.flags && by !== 0n) {
      const mode = by < 0n ? `MD D${-by}` : `MI D${by}`;
      const [answer] = await this.text.ask([metaCommand('ma', key, `${mode} C${this.checked(held.cas)}`)]);
      return this.#swapped(answer!) ? sum : undefined;
    }

    return (await this.replace({ key, value, flags }, held)) ? sum : undefined;
  }

  override async replace(write: Omit<Write, 'expiry'>, held: Item): Promise<boolean> {
    const expiry = await this.#expiryOf(write.key, held);
    return expiry !== undefined && this.replaceIfSame({ ...write, expiry }, held);
  }

  override async clear(): Promise<void> {
    const line = await this.line('flush_all\r\n');
    if (line !== 'OK') throw refusedBy(this.location, line);
  }

  override close(): void {
    super.close();
    this.#binary?.then((binary) => binary.close()).catch(() => {});
  }

  /** Parse the answer to `mg` with the flags `f t c`, optionally with `v` before and `l` after them. */
  itemOf({ line, value }: Answer): CachectlError | Item | undefined {
    if (line === 'EN') return undefined;
    const [, flags, ttl, cas, idle] = ITEM.exec(line) ?? [];
    if (cas === undefined) return refusedBy(this.location, line);
    return {
      value: value ?? NOTHING,
      flags: Number(flags),
      cas: BigInt(cas),
      ttl: ttl === '-1' ? null : Math.max(1, Number(ttl)),
      ...(idle !== undefined && { idle: Number(idle) }),
    };
  }

  override async stats(of: string): Promise<ReadonlyMap<string, string>> {
    return statsOf(await this.text.shared(), of);
  }

  /**
   * The absolute expiry by the server's clock. A relative one could shift to the next second with every increment, so
   * that a frequently incremented number would never expire. Undefined if the item has changed.
   */
  async #expiryOf(key: Buffer, held: Item): Promise<number | undefined> {
    if (held.ttl === null) return 0;
    const wire = await this.text.shared();
    const [[answer], stats] = await Promise.all([ask(wire, [metaCommand('mg', key, 'f t c')]), statsOf(wire)]);
    const now = this.itemOf(answer!);
    if (now instanceof Error) throw now;
    if (now === undefined || now.cas !== held.cas) return undefined;
    const time = Number(stats.get('time'));
    if (!Number.isInteger(time) || typeof now.ttl !== 'number') throw closed(this.location);
    return time + now.ttl;
  }

  #swapped({ line }: Answer): boolean {
    const code = line.split(' ', 1)[0]!;
    if (code === 'HD') return true;
    if (code === 'EX' || code === 'NF' || code === 'NS') return false;
    throw refusedBy(this.location, line);
  }
}

/** A meta command. A key with white space or control characters is sent in base64, with the flag `b`. */
export function metaCommand(name: string, key: Buffer, flags: string): string {
  if (isPlain(key)) return command(name, key, flags);
  return `${name} ${key.toString('base64')} ${flags === '' ? 'b' : `${flags} b`}\r\n`;
}

/** Flags, TTL, CAS and idle time, in the order of the request. */
const ITEM = /^(?:HD|VA \d+) f(\d{1,10}) t(-1|\d{1,10}) c(\d{1,20})(?: l(\d{1,10}))?(?: |$)/;

const NOTHING = Buffer.alloc(0);
