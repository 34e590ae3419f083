import type { MemcachedServer } from '../../profiles/profile.js';
import type { Answer } from './text-parser.js';

import { RefusedError } from '../../errors.js';
import { closed, refusedBy } from './errors.js';
import { Wire } from './wire.js';

/**
 * Memcached's text protocol, for what the binary one lacks: values with their ttl and CAS in one trip, listing, watching.
 * Connects on first use, and anew after a failure. Nothing is tried twice: whoever waits wants to know.
 */
export class TextConnection {
  readonly #server: MemcachedServer;
  readonly #location: string;
  readonly #timeoutMs: number;
  readonly #end = new AbortController();
  readonly #wires = new Set<Wire>();
  #opening: Promise<Wire> | undefined;
  #shared: Wire | undefined;

  constructor(server: MemcachedServer, location: string, timeoutMs: number) {
    this.#server = server;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
  }

  /** Commands of one answer each, as bytes or in Latin-1, in one round trip. An answer that is an error stands in its place. */
  async ask(commands: ReadonlyArray<Buffer | string>): Promise<readonly Answer[]> {
    const wire = await this.shared();
    return wire.ask(commands);
  }

  /** The wire that commands go over. */
  async shared(): Promise<Wire> {
    if (this.#shared?.isOver) this.#opening = undefined;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** A wire of its own, for answers without an end. Whoever asks for it ends it. */
  async dedicated(): Promise<Wire> {
    if (this.#end.signal.aborted) throw closed(this.#location);
    const wire = await Wire.open(this.#server, this.#location, this.#timeoutMs, this.#end.signal);
    for (const other of this.#wires) if (other.isOver) this.#wires.delete(other);
    this.#wires.add(wire);
    await greet(wire);
    return wire;
  }

  close(): void {
    this.#end.abort();
    for (const wire of this.#wires) wire.end();
  }

  async #open(): Promise<Wire> {
    try {
      this.#shared = await this.dedicated();
      return this.#shared;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

/** What `stats` says, by name; of `settings`, say. */
export async function statsOf(wire: Wire, of = ''): Promise<ReadonlyMap<string, string>> {
  const lines = await wire.askLines(`stats ${of}`.trim(), (line) => !line.startsWith('STAT '));
  const last = lines.at(-1)!;
  if (last !== 'END') throw refusedBy(wire.location, last);
  return new Map(
    lines.slice(0, -1).map((line) => {
      const [, name = '', value = ''] = line.split(' ');
      return [name, value];
    }),
  );
}

/** From then on meta commands are as they are used here, and dumps can go by the hash table. */
const OLDEST = [1, 6, 10] as const;

/** As long as the header of a binary request: a server that speaks nothing else would wait for the rest of a shorter one. */
const GREETING = `${'version'.padEnd(22)}\r\n`;

/** Makes sure that the other side is a Memcached that can do what it will be asked for. */
async function greet(wire: Wire): Promise<void> {
  try {
    const [answer] = await wire.ask([GREETING]);
    const [, version] = /^VERSION (\S+)/.exec(answer!.line) ?? [];
    if (version === undefined) throw refusedBy(wire.location, answer!.line);
    if (!isNewEnough(version)) {
      throw new RefusedError(
        `${wire.location} is Memcached ${version.slice(0, 20)}, which is too old`,
        `cachectl needs ${OLDEST.join('.')} or newer, for its meta commands.`,
      );
    }
  } catch (error) {
    wire.end();
    throw error;
  }
}

function isNewEnough(version: string): boolean {
  const numbers = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, least] of OLDEST.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== least) return number > least;
  }

  return true;
}
