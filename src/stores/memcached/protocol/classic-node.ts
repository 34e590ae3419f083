import type { CachectlError } from '../../../errors.js';
import type { TextConnection } from './text-connection.js';
import type { Answer } from './text-parser.js';

import { UsageError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { refusedBy } from '../errors.js';
import { EXPIRED } from '../expiry.js';
import { isPlain } from '../keys.js';
import { cannotCount, notByProxy } from './access-errors.js';
import { type CounterUpdate, type Item, Node, TooLarge, type Write } from './node.js';
import { joined } from './text-connection.js';

/**
 * One server over the classic commands of the text protocol, which every server and proxy supports. They report no TTLs
 * and cannot list keys.
 */
export class ClassicNode extends Node {
  readonly text: TextConnection;

  constructor(location: string, text: TextConnection) {
    super(location);
    this.text = text;
  }

  async ready(): Promise<void> {
    await this.text.shared();
  }

  /** One `gets` per key: a proxy with several servers would return the items of one `gets` in any order. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (keys.length === 0) return [];
    const wire = await this.text.shared();
    const read: Array<CachectlError | Item | undefined> = [];
    let item: CachectlError | Item | undefined;
    await wire.gather(joined(keys.map((key) => command('gets', key, ''))), (answers) => {
      const answer = answers.at(-1)!;
      if (answer.value !== undefined) {
        item = this.#itemOf(answer);
        return false;
      }

      read.push(answer.line === 'END' ? item : refusedBy(this.location, answer.line));
      item = undefined;
      return read.length === keys.length;
    });
    return read;
  }

  async touch(key: Buffer, expiry: number): Promise<boolean> {
    return this.#found(await this.line(command('touch', key, String(expiry))), 'TOUCHED');
  }

  async remove(keys: readonly Buffer[]): Promise<ReadonlyArray<boolean | CachectlError>> {
    const answers = await this.text.ask(keys.map((key) => command('delete', key, '')));
    return answers.map(({ line }) =>
      line === 'DELETED' || line === 'NOT_FOUND' ? line === 'DELETED' : refusedBy(this.location, line),
    );
  }

  /** Replaces it by an expired item, since `delete` cannot compare. */
  async removeIfSame(key: Buffer, item: Item): Promise<boolean> {
    return this.storeIfSame({ key, value: NOTHING, flags: 0, expiry: EXPIRED }, item);
  }

  /**
   * Uses `incr` and `decr`, which do not compare: the result is the server's answer, whatever the number was.
   * @throws UnsupportedError if the value is not plain digits
   */
  async updateCounter({ key, held, by }: CounterUpdate): Promise<bigint | undefined> {
    // The server pads a decremented number with spaces, for the application too.
    if (!/^\d+ *$/.test(held.value.toString('latin1'))) throw cannotCount('classic', this.location);
    const line = await this.line(command(by < 0n ? 'decr' : 'incr', key, String(by < 0n ? -by : by)));
    if (line === 'NOT_FOUND') return undefined;
    if (!/^\d{1,20} *$/.test(line)) throw refusedBy(this.location, line);
    return BigInt(line.trim());
  }

  async clear(): Promise<void> {
    throw notByProxy('run flush_all', this.location);
  }

  close(): void {
    this.text.close();
  }

  async stats(_of: string): Promise<ReadonlyMap<string, string>> {
    throw notByProxy('report statistics', this.location);
  }

  protected async store(writes: readonly Write[]): Promise<ReadonlyArray<CachectlError | undefined>> {
    const answers = await this.text.ask(writes.map((write) => storage('set', write)));
    return answers.map(({ line }) => (line === 'STORED' ? undefined : this.#refused(line)));
  }

  protected async storeNew(write: Write): Promise<boolean> {
    return this.#stored(await this.line(storage('add', write)));
  }

  protected async storeIfSame(write: Write, { cas }: Item): Promise<boolean> {
    return this.#stored(await this.line(storage('cas', write, ` ${this.checked(cas)}`)));
  }

  /** The answer to one command. */
  protected async line(request: Buffer | string): Promise<string> {
    const [answer] = await this.text.ask([request]);
    return answer!.line;
  }

  /** `VALUE key 0 5 17`. */
  #itemOf({ line, value }: Answer): CachectlError | Item {
    const [, flags, cas] = / (\d{1,10}) \d{1,10} (\d{1,20})$/.exec(line) ?? [];
    if (cas === undefined || value === undefined) return refusedBy(this.location, line);
    return { value, flags: Number(flags), cas: BigInt(cas), ttl: undefined };
  }

  #found(line: string, done: string): boolean {
    if (line === done || line === 'NOT_FOUND') return line === done;
    throw refusedBy(this.location, line);
  }

  #stored(line: string): boolean {
    if (line === 'STORED') return true;
    if (line === 'NOT_STORED' || line === 'EXISTS' || line === 'NOT_FOUND') return false;
    throw this.#refused(line);
  }

  #refused(line: string): CachectlError {
    return line.startsWith(TOO_LARGE) ? new TooLarge(this.location) : refusedBy(this.location, line);
  }
}

/**
 * A command line in Latin-1.
 * @throws UsageError for a key with white space, which would end the argument
 */
export function command(name: string, key: Buffer, rest: string): string {
  if (!isPlain(key)) {
    throw new UsageError(
      `the classic Memcached protocol cannot name the key ${printKey(keyFromBytes(key))}: it has whitespace`,
      'Set protocol: text or protocol: binary in the profile.',
    );
  }

  return `${name} ${key.toString('latin1')}${rest === '' ? '' : ` ${rest}`}\r\n`;
}

/** `set`, `add` or `cas`. */
function storage(name: string, { key, value, flags, expiry }: Write, rest = ''): Buffer {
  const line = command(name, key, `${flags} ${expiry} ${value.length}${rest}`);
  return Buffer.concat([Buffer.from(line, 'latin1'), value, LINE_END]);
}

const LINE_END = Buffer.from('\r\n');

const NOTHING = Buffer.alloc(0);

const TOO_LARGE = 'SERVER_ERROR object too large';
