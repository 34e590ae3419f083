import type { CachectlError } from '../../errors.js';
import type { BinaryConnection } from './binary-connection.js';
import type { TextConnection } from './text-connection.js';
import type { Answer } from './text-parser.js';

import { closed, refusedBy } from './errors.js';
import { isSpeakable } from './keys.js';
import { type Count, type Item, Node, type Write } from './node.js';
import { statsOf } from './text-connection.js';

/** One server that lets us use its text protocol, too: meta commands tell and do in one trip what is needed. */
export class MetaNode extends Node {
  readonly text: TextConnection;

  constructor(location: string, binary: BinaryConnection, text: TextConnection) {
    super(location, binary);
    this.text = text;
  }

  override async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const answers = await this.text.ask(keys.map((key) => command('mg', key, 'v f t c')));
    return answers.map((answer) => this.itemOf(answer));
  }

  /** As `read`, but so that it does not count as a use, and with how long ago the last one was. */
  async look(
    keys: readonly Buffer[],
    { values = true } = {},
  ): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    const wanted = values ? 'v f t c l u' : 'f t c l u';
    const answers = await this.text.ask(keys.map((key) => command('mg', key, wanted)));
    return answers.map((answer) => this.itemOf(answer));
  }

  /**
   * What the server tells of an item without counting that as a use, or as a miss: `ME key exp=-1 la=3 cas=2 fetch=no cls=1
   * size=63`. Undefined where there is none.
   * @throws RefusedError
   */
  async describe(key: Buffer): Promise<ReadonlyMap<string, string> | undefined> {
    const [answer] = await this.text.ask([command('me', key, '')]);
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

  /** One alone goes by the binary protocol, whose connection begins without a question. */
  override async put(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    if (writes.length < MANY) return super.put(writes);
    const answers = await this.text.ask(
      writes.map(({ key, value, flags, expiry }) => {
        const line = command('ms', key, `${value.length} T${expiry} F${flags}`);
        return `${line}${value.toString('latin1')}\r\n`;
      }),
    );
    return Promise.all(
      answers.map(async ({ line }, index) =>
        isCode(line, 'HD') ? undefined : this.#refusal(line, writes[index]!.key),
      ),
    );
  }

  /** Only the binary protocol can name what another client put under a key with white space. */
  override async remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>> {
    if (keys.length < MANY || !keys.every((key) => isSpeakable(key))) return super.remove(keys);
    const answers = await this.text.ask(keys.map((key) => command('md', key, '')));
    return answers.map(({ line }) => {
      if (isCode(line, 'HD') || isCode(line, 'NF')) return isCode(line, 'HD');
      return refusedBy(this.location, line);
    });
  }

  override async removeIfSame(key: Buffer, item: Item): Promise<boolean> {
    const [isGone] = await this.removeSame([{ key, item }]);
    return isGone!;
  }

  /** For each whether it still held that item. One round trip. */
  async removeSame(held: ReadonlyArray<{ readonly key: Buffer; readonly item: Item }>): Promise<readonly boolean[]> {
    const answers = await this.text.ask(held.map(({ key, item }) => command('md', key, `C${this.checked(item.cas)}`)));
    return answers.map((answer) => this.#swapped(answer));
  }

  override async replaceIfSame(write: Write, { cas }: Item): Promise<boolean> {
    const flags = `T${write.expiry} F${write.flags} C${this.checked(cas)}`;
    const [answer] = await this.text.ask([
      Buffer.concat([
        Buffer.from(command('ms', write.key, `${write.value.length} ${flags}`), 'latin1'),
        write.value,
        LINE_END,
      ]),
    ]);
    if (answer!.line.startsWith(TOO_LARGE)) throw await this.#refusal(answer!.line, write.key);
    return this.#swapped(answer!);
  }

  override async recount({ key, held, by, sum, value, flags }: Count): Promise<boolean> {
    const digits = held.value.toString('latin1');
    // What gets shorter the server would pad with spaces, which nobody else writes.
    const staysInPlace = /^\d+$/.test(digits) && sum >= 0n && String(sum).length >= digits.length;
    if (staysInPlace && flags === held.flags && by !== 0n) {
      const mode = by < 0n ? `MD D${-by}` : `MI D${by}`;
      const [answer] = await this.text.ask([command('ma', key, `${mode} C${this.checked(held.cas)}`)]);
      return this.#swapped(answer!);
    }

    const expiry = await this.#expiryOf(key, held);
    return expiry !== undefined && this.replaceIfSame({ key, value, flags, expiry }, held);
  }

  /** By the binary protocol a server that does not allow it says that we have not logged in. */
  override async clear(): Promise<void> {
    const [answer] = await this.text.ask(['flush_all\r\n']);
    if (answer!.line !== 'OK') throw refusedBy(this.location, answer!.line);
  }

  override close(): void {
    super.close();
    this.text.close();
  }

  /** What `mg` answered, asked for `f t c` and perhaps for `v` before and `l` behind them. */
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
   * The moment at which it expires, by the server's own clock: its seconds left would be counted from the next second if
   * that began meanwhile, and a number that is counted often would never expire. Undefined when it has changed.
   */
  async #expiryOf(key: Buffer, held: Item): Promise<number | undefined> {
    if (held.ttl === null) return 0;
    const wire = await this.text.shared();
    const [[answer], stats] = await Promise.all([wire.ask([command('mg', key, 'f t c')]), statsOf(wire)]);
    const now = this.itemOf(answer!);
    if (now instanceof Error) throw now;
    if (now === undefined || now.cas !== held.cas) return undefined;
    const time = Number(stats.get('time'));
    if (!Number.isInteger(time) || typeof now.ttl !== 'number') throw closed(this.location);
    return time + now.ttl;
  }

  async #refusal(line: string, key: Buffer): Promise<CachectlError> {
    return line.startsWith(TOO_LARGE) ? this.itemIsTooLarge(key) : refusedBy(this.location, line);
  }

  #swapped({ line }: Answer): boolean {
    const code = line.split(' ', 1)[0]!;
    if (code === 'HD') return true;
    if (code === 'EX' || code === 'NF' || code === 'NS') return false;
    throw refusedBy(this.location, line);
  }
}

/** A command line in Latin-1, by its name, a full key that has been checked, and what stands behind. */
export function command(name: string, key: Buffer, rest: string): string {
  return `${name} ${key.toString('latin1')}${rest === '' ? '' : ` ${rest}`}\r\n`;
}

/** From so many on the text protocol is the faster one. */
const MANY = 2;

/** Whether that is what a meta command answered, with whatever behind it. */
function isCode(line: string, code: string): boolean {
  return line === code || line.startsWith(`${code} `);
}

/** Flags, seconds left, CAS and seconds since the last use stand in the order in which they were asked for. */
const ITEM = /^(?:HD|VA \d+) f(\d{1,10}) t(-1|\d{1,10}) c(\d{1,20})(?: l(\d{1,10}))?(?: |$)/;

const NOTHING = Buffer.alloc(0);

const LINE_END = Buffer.from('\r\n');

const TOO_LARGE = 'SERVER_ERROR object too large';
