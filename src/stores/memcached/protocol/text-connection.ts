import type { Login, Target } from './target.js';
import type { Answer } from './text-parser.js';

import { RefusedError, UnreachableError } from '../../../errors.js';
import { closed, refusedBy } from '../errors.js';
import { noMetaCommands, wantsTextLogin, wrongLogin } from './access-errors.js';
import { AnswerParser } from './text-parser.js';
import { Wire } from './text-socket.js';

export type TextWire = Wire<Answer>;

export interface TextOptions {
  /** For servers with text authentication (`-Y`). */
  readonly login: Login | undefined;
  /** False behind a proxy. */
  readonly metaCommands: boolean;
}

/**
 * Connections with Memcached's text protocol. Connects on first use and again after a failure. Requests are never
 * retried.
 */
export class TextConnection {
  readonly #target: Target;
  readonly #options: TextOptions;
  readonly #end = new AbortController();
  readonly #wires = new Set<TextWire>();
  #opening: Promise<TextWire> | undefined;
  #shared: TextWire | undefined;

  constructor(target: Target, options: TextOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Send commands with one answer each, as bytes or in Latin-1, in one round trip. An error line is an answer too. */
  async ask(commands: ReadonlyArray<Buffer | string>): Promise<readonly Answer[]> {
    return commands.length === 0 ? [] : ask(await this.shared(), commands);
  }

  /** The wire for ordinary commands. */
  async shared(): Promise<TextWire> {
    if (this.#shared?.isClosed) this.#opening = undefined;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** A new wire, for answers without an end. The caller closes it. */
  async dedicated(): Promise<TextWire> {
    if (this.#end.signal.aborted) throw closed(this.#target.location);
    const wire = await Wire.open(this.#target, new AnswerParser(), this.#end.signal);
    for (const other of this.#wires) if (other.isClosed) this.#wires.delete(other);
    this.#wires.add(wire);
    try {
      await greet(wire, this.#target, this.#options);
    } catch (error) {
      wire.end();
      throw error;
    }

    return wire;
  }

  close(): void {
    this.#end.abort();
    for (const wire of this.#wires) wire.end();
  }

  async #open(): Promise<TextWire> {
    try {
      this.#shared = await this.dedicated();
      return this.#shared;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

/** Send commands with one answer each in one round trip. */
export async function ask(wire: TextWire, commands: ReadonlyArray<Buffer | string>): Promise<readonly Answer[]> {
  return wire.gather(joined(commands), (answers) => answers.length === commands.length);
}

/** Concatenate commands, as Latin-1 if none is binary. */
export function joined(commands: ReadonlyArray<Buffer | string>): Buffer | string {
  if (commands.every((each) => typeof each === 'string')) return commands.join('');
  return Buffer.concat(commands.map((each) => (typeof each === 'string' ? Buffer.from(each, 'latin1') : each)));
}

/** The statistics of a group such as `settings`, by name. */
export async function statsOf(wire: TextWire, of = ''): Promise<ReadonlyMap<string, string>> {
  const answers = await wire.gather(`${`stats ${of}`.trim()}\r\n`, (all) => !all.at(-1)!.line.startsWith('STAT '));
  const last = answers.at(-1)!.line;
  if (last !== 'END') throw refusedBy(wire.location, last);
  return new Map(
    answers.slice(0, -1).map(({ line }) => {
      const [, name = '', value = ''] = line.split(' ');
      return [name, value];
    }),
  );
}

/** The first version with the final meta commands and with dumps in the order of the hash table. */
const OLDEST = [1, 6, 10] as const;

/** As long as the header of a binary request: a binary server would wait for the rest of a shorter one. */
const GREETING = `${'version'.padEnd(22)}\r\n`;

/** The meta no-op. A proxy without meta commands closes the connection or answers with an error. */
const NOTHING = 'mn\r\n';

/** Check that the server is a Memcached of a supported version, and log in. */
async function greet(wire: TextWire, target: Target, { login, metaCommands }: TextOptions): Promise<void> {
  // With a login, one by one: before the login, a server sends one answer for all requests of a chunk.
  const first = metaCommands && login === undefined ? [GREETING, NOTHING] : [GREETING];
  let answers = await greeted(wire, target, first);
  if (login !== undefined) {
    if (UNAUTHENTICATED.test(answers[0]!)) {
      await logIn(wire, login);
      answers = await greeted(wire, target, [GREETING]);
    }

    if (metaCommands) answers = [...answers, ...(await greeted(wire, target, [NOTHING]))];
  }

  checkVersion(wire.location, answers[0]!, metaCommands);
  if (metaCommands && answers[1] !== 'MN') throw noMetaCommands(wire.location);
}

const UNAUTHENTICATED = /unauthenticated/;

/** The answers. Fewer than requests if the server closed the connection in between. */
async function greeted(wire: TextWire, target: Target, requests: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    await wire.gather(requests.join(''), (answers) => {
      const { line } = answers.at(-1)!;
      lines.push(line);
      return lines.length === requests.length || (requests[0] === GREETING && !line.startsWith('VERSION '));
    });
    return lines;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    if (lines.length > 0 || requests[0] === NOTHING) return lines;
    const { protocolMismatch } = await import('./mismatch.js');
    throw (await protocolMismatch(target, 'text')) ?? error;
  }
}

/** With `-Y`, the first command is a `set` of any key with user name and password as its value. */
async function logIn(wire: TextWire, { username, password }: Login): Promise<void> {
  const value = Buffer.from(`${username} ${password}`);
  const [answer] = await ask(wire, [
    Buffer.concat([Buffer.from(`set login 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]),
  ]);
  if (answer!.line !== 'STORED') throw wrongLogin(wire.location);
}

function checkVersion(location: string, line: string, metaCommands: boolean): void {
  const [, version] = /^VERSION (\S+)/.exec(line) ?? [];
  if (version === undefined) throw UNAUTHENTICATED.test(line) ? wantsTextLogin(location) : refusedBy(location, line);
  if (!metaCommands) return;
  // A proxy reports a version of its own, or none.
  if (!/^\d+\./.test(version)) throw noMetaCommands(location);
  if (isNewEnough(version)) return;
  throw new RefusedError(
    `${location} is Memcached ${version.slice(0, 20)}, which is too old`,
    `cachectl needs ${OLDEST.join('.')} or newer for its meta commands. protocol: classic works without them, but cannot list keys.`,
  );
}

function isNewEnough(version: string): boolean {
  const numbers = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, least] of OLDEST.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== least) return number > least;
  }

  return true;
}
