import type { Socket } from 'node:net';

import { type Response, Server, Utils } from 'memjs';

import type { CachectlError } from '../../errors.js';
import type { MemcachedProfile, MemcachedServer } from '../../profiles/profile.js';

import {
  closed,
  noMemcached,
  notAllowed,
  notAnswered,
  notConnected,
  translated,
  wantsLogin,
  wrongLogin,
} from './errors.js';

export type { Response } from 'memjs';

/** A request of the binary protocol. */
export interface Request {
  readonly opcode: number;
  readonly key: Buffer;
  readonly extras?: Buffer;
  readonly value?: Buffer;
  /** Goes through only while the item has this; 0 is any. */
  readonly cas?: bigint;
}

export type Login = Pick<MemcachedProfile, 'password' | 'username'>;

/**
 * Memcached's binary protocol, by memjs: SASL, framing, matching answers to requests. Connects on first use, and anew
 * after a failure. Nothing is tried twice: whoever waits wants to know.
 */
export class BinaryConnection {
  readonly #server: MemcachedServer;
  readonly #location: string;
  readonly #timeoutMs: number;
  readonly #login: Login;
  #link: Link | undefined;
  #isClosed = false;

  constructor(server: MemcachedServer, location: string, { timeoutMs, login }: { timeoutMs: number; login: Login }) {
    this.#server = server;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
    this.#login = login;
  }

  /** In one round trip; an answer for each request, whatever its status. */
  async ask(requests: readonly Request[]): Promise<readonly Response[]> {
    return requests.length === 0 ? [] : this.#open().ask(requests);
  }

  /** What `stat` says, by name; of `settings`, say. */
  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    return this.#open().stats(of);
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.end(closed(this.#location));
  }

  #open(): Link {
    if (this.#isClosed) throw closed(this.#location);
    if (!this.#link || this.#link.isOver) {
      this.#link = new Link(this.#server, this.#login, { location: this.#location, timeoutMs: this.#timeoutMs });
    }

    return this.#link;
  }
}

/** What the first byte of every answer is. */
const RESPONSE = 0x81;

const HEADER_LENGTH = 24;

/** The largest item that any server can be set up for (`-I 1024m`), and what comes with it. */
const LARGEST_BODY = 2 ** 30 + 2 ** 16;

const STAT = 0x10;

/** In seconds; memjs's own timers do not see a server that goes silent half-way, so ours are the ones that count. */
const NEVER = 2_000_000;

/** One socket of memjs to one server. Whatever goes wrong ends it, and fails all that still waits for an answer. */
class Link extends Server {
  // memjs takes them from the environment where it is given none.
  override readonly username: string | undefined;
  override readonly password: string | undefined;
  /** Of memjs, untyped: there from the first write until the end. */
  declare protected readonly _socket?: Socket;
  readonly #location: string;
  readonly #timeoutMs: number;
  #sequence = 0;
  #waiting = 0;
  #isWatched = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: CachectlError | undefined;

  constructor(
    { host, port }: MemcachedServer,
    { username, password }: Login,
    { location, timeoutMs }: { location: string; timeoutMs: number },
  ) {
    super(host, port, '', '', { timeout: NEVER, conntimeout: NEVER });
    this.username = username;
    this.password = password;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
  }

  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  async ask(requests: readonly Request[]): Promise<readonly Response[]> {
    return new Promise((resolve, reject) => {
      const responses: Response[] = [];
      let missing = requests.length;
      const frames = requests.map((request, index) => {
        const sequence = this.#expect(reject, (response) => {
          responses[index] = response;
          this.#answered();
          if (--missing === 0) resolve(responses);
        });
        return frame(request, sequence);
      });
      this.#send(Buffer.concat(frames), requests.length);
    });
  }

  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    return new Promise((resolve, reject) => {
      const stats = new Map<string, string>();
      const take = ({ header, key, val }: Response): void => {
        stats.set(key.toString(), val.toString());
        if (header.totalBodyLength > 0 && header.status === 0) return;
        this.#answered();
        resolve(stats);
      };

      // One answer for each, until an empty one; `quiet` is how memjs is told to go on.
      const sequence = this.#expect(reject, Object.assign(take, { quiet: true }));
      this.#send(frame({ opcode: STAT, key: Buffer.from(of) }, sequence), 1);
    });
  }

  /** memjs's word for «over»: an error, or a text when the server did not let us in. */
  override error(reason: Error | string): void {
    this.end(typeof reason === 'string' ? this.#notLetIn() : translated(reason, this.#location));
  }

  /** Who waits is told `failure`. */
  end(failure: CachectlError): void {
    if (this.#failure) return;
    this.#failure = failure;
    clearTimeout(this.#timer);
    super.error(failure);
  }

  /** memjs waits for more of what can be no answer, and drops what it did not ask for. */
  override responseHandler(chunk: Buffer): void {
    const start = Buffer.concat([this.responseBuffer.subarray(0, 1), chunk]);
    if (start[0] !== RESPONSE) {
      this.end(noMemcached(this.#location, JSON.stringify(start.toString('latin1', 0, 40))));
      return;
    }

    super.responseHandler(chunk);
    if (isNoAnswer(this.responseBuffer)) this.end(noMemcached(this.#location, 'a frame that cannot be'));
  }

  #notLetIn(): CachectlError {
    if (this.username === undefined) return wantsLogin(this.#location);
    return this.connected ? notAllowed(this.#location) : wrongLogin(this.#location);
  }

  #expect(reject: (error: Error) => void, take: (response: Response) => void): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.onResponse(this.#sequence, take);
    this.onError(this.#sequence, reject);
    return this.#sequence;
  }

  #send(bytes: Buffer, answers: number): void {
    this.#waiting += answers;
    this.write(bytes);
    if (!this.#isWatched) {
      this.#isWatched = true;
      this._socket?.setNoDelay(true);
      // memjs forgets those who wait when the other side ends it properly.
      this._socket?.once('close', () => this.end(closed(this.#location)));
    }

    if (this.#waiting === answers) this.#startTimer();
  }

  /** Each answer that comes whole gives the next one its time; single bytes do not. */
  #answered(): void {
    this.#waiting--;
    this.#startTimer();
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    if (this.#waiting === 0 || this.#failure) return;
    this.#timer = setTimeout(() => {
      this.end(this.connected ? notAnswered(this.#location) : notConnected(this.#location));
    }, this.#timeoutMs);
  }
}

/** Where the CAS stands in a frame. */
const CAS_AT = 16;

function frame({ opcode, key, extras, value, cas }: Request, sequence: number): Buffer {
  const bytes = Utils.makeRequestBuffer(opcode, key, extras ?? NOTHING, value ?? NOTHING, sequence);
  if (cas !== undefined) bytes.writeBigUInt64BE(cas, CAS_AT);
  return bytes;
}

const NOTHING = Buffer.alloc(0);

/** Whether what has come of an answer cannot become one. */
function isNoAnswer(rest: Buffer): boolean {
  if (rest.length === 0) return false;
  if (rest[0] !== RESPONSE) return true;
  if (rest.length < HEADER_LENGTH) return false;
  const body = rest.readUInt32BE(8);
  return body < rest.readUInt16BE(2) + rest[4]! || body > LARGEST_BODY;
}
