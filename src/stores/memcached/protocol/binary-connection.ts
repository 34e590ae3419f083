import type { Login, Target } from './target.js';

import { type CachectlError, RefusedError, UnreachableError } from '../../../errors.js';
import { closed, refusedWith, Status } from '../errors.js';
import { onlyText, wantsTextLogin, wrongLogin } from './access-errors.js';
import { frame, FrameParser, type Request, type Response } from './frames.js';
import { GarbageError } from './garbage-error.js';
import { Wire } from './text-socket.js';

export type { Request, Response } from './frames.js';

type BinaryWire = Wire<Response>;

/**
 * A connection with Memcached's binary protocol, with SASL if there is a login. Connects on first use and again after a
 * failure. Requests are never retried.
 */
export class BinaryConnection {
  readonly #target: Target;
  readonly #login: Login | undefined;
  readonly #end = new AbortController();
  #opening: Promise<BinaryWire> | undefined;
  #wire: BinaryWire | undefined;
  #opaque = 0;
  #parser = new FrameParser();

  constructor(target: Target, login: Login | undefined) {
    this.#target = target;
    this.#login = login;
  }

  /** Send requests in one round trip. Returns an answer for each, of any status. */
  async ask(requests: readonly Request[]): Promise<readonly Response[]> {
    if (requests.length === 0) return [];
    const wire = await this.#opened();
    return this.#exchange(wire, requests, (answers) => answers.length === requests.length);
  }

  /** The statistics of a group such as `settings`, by name. */
  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    const wire = await this.#opened();
    // One answer per statistic. An empty one ends them.
    const isLast = ({ key, status }: Response): boolean => key.length === 0 || status !== Status.Done;
    const asked = [{ opcode: Opcode.Stat, key: Buffer.from(of) }];
    const answers = await this.#exchange(wire, asked, (all) => isLast(all.at(-1)!));
    const { status } = answers.at(-1)!;
    if (status !== Status.Done) throw refusedWith(wire.location, status);
    return new Map(answers.slice(0, -1).map(({ key, value }) => [key.toString(), value.toString()]));
  }

  close(): void {
    this.#end.abort();
    this.#wire?.end();
  }

  async #opened(): Promise<BinaryWire> {
    if (this.#wire?.isClosed) this.#opening = undefined;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<BinaryWire> {
    try {
      if (this.#end.signal.aborted) throw closed(this.#target.location);
      this.#parser = new FrameParser();
      this.#wire = await Wire.open(this.#target, this.#parser, this.#end.signal);
      if (this.#login !== undefined) await this.#logIn(this.#wire, this.#login);
      return this.#wire;
    } catch (error) {
      this.#opening = undefined;
      this.#wire?.end();
      throw error;
    }
  }

  async #logIn(wire: BinaryWire, { username, password }: Login): Promise<void> {
    const value = Buffer.from(`\0${username}\0${password}`);
    const [answer] = await this.#exchange(wire, [{ opcode: Opcode.SaslAuth, key: PLAIN, value }], () => true);
    const { status } = answer!;
    // A server without SASL does not know the command and needs no login.
    if (status === Status.Done || status === Status.UnknownCommand) return;
    throw status === Status.NotAuthorised ? wrongLogin(wire.location) : refusedWith(wire.location, status);
  }

  /** @param isWhole whether all answers have arrived */
  async #exchange(
    wire: BinaryWire,
    requests: readonly Request[],
    isWhole: (answers: readonly Response[]) => boolean,
  ): Promise<readonly Response[]> {
    const first = this.#opaque;
    this.#opaque = (first + requests.length) >>> 0;
    const frames = requests.map((request, index) => frame(request, opaqueOf(first + index)));
    try {
      return await new Promise((resolve, reject) => {
        const answers: Response[] = [];
        wire.send(Buffer.concat(frames), {
          isTimed: true,
          take(answer) {
            // Answers to other requests are ignored.
            if (answer.opaque !== opaqueOf(first + Math.min(answers.length, requests.length - 1))) return false;
            answers.push(answer);
            const isLast = isWhole(answers);
            if (isLast) resolve(answers);
            return isLast;
          },
          fail: reject,
        });
      });
    } catch (error) {
      throw await this.#explained(error as CachectlError);
    }
  }

  /** Replace the error of a server that speaks another protocol by one that names the cause. */
  async #explained(error: CachectlError): Promise<CachectlError> {
    const { location } = this.#target;
    if (error instanceof RefusedError && error.cause instanceof GarbageError) {
      if (error.cause.message.includes('unauthenticated')) return wantsTextLogin(location);
      if (error.cause.message.includes('ERROR')) return onlyText(location);
    }

    // A server that has answered in this protocol supports it.
    if (this.#parser.hasHeard || this.#end.signal.aborted || !(error instanceof UnreachableError)) return error;
    const { protocolMismatch } = await import('./mismatch.js');
    return (await protocolMismatch(this.#target, 'binary')) ?? error;
  }
}

const Opcode = { Stat: 0x10, SaslAuth: 0x21 } as const;

const PLAIN = Buffer.from('PLAIN');

/** Each contains a line end. A server that speaks text then answers with an error at once, instead of timing out. */
function opaqueOf(number: number): number {
  return ((number << 16) | LINE_END) >>> 0;
}

/** `\r\n`. */
const LINE_END = 0x0d_0a;
