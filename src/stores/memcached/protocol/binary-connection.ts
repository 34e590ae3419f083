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
 * Memcached's binary protocol, with SASL where there is a login. Connects on first use, and anew after a failure. Nothing is
 * tried twice: whoever waits wants to know.
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

  /** In one round trip; an answer for each request, whatever its status. */
  async ask(requests: readonly Request[]): Promise<readonly Response[]> {
    if (requests.length === 0) return [];
    const wire = await this.#opened();
    return this.#exchange(wire, requests, (answers) => answers.length === requests.length);
  }

  /** What `stat` says, by name; of `settings`, say. */
  async stats(of: string): Promise<ReadonlyMap<string, string>> {
    const wire = await this.#opened();
    // One answer for each, until an empty one.
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
    if (this.#wire?.isOver) this.#opening = undefined;
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
    // A server without SASL does not know the command: there everybody may do everything.
    if (status === Status.Done || status === Status.UnknownCommand) return;
    throw status === Status.NotAuthorised ? wrongLogin(wire.location) : refusedWith(wire.location, status);
  }

  /** @param isWhole whether these are all answers */
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
            // What nobody asked for is passed over.
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

  /** What a server that speaks something else did, by its reason. */
  async #explained(error: CachectlError): Promise<CachectlError> {
    const { location } = this.#target;
    if (error instanceof RefusedError && error.cause instanceof GarbageError) {
      if (error.cause.message.includes('unauthenticated')) return wantsTextLogin(location);
      if (error.cause.message.includes('ERROR')) return onlyText(location);
    }

    // A server that has answered by this protocol speaks it.
    if (this.#parser.hasHeard || this.#end.signal.aborted || !(error instanceof UnreachableError)) return error;
    const { misfit } = await import('./misfit.js');
    return (await misfit(this.#target, 'binary')) ?? error;
  }
}

const Opcode = { Stat: 0x10, SaslAuth: 0x21 } as const;

const PLAIN = Buffer.from('PLAIN');

/**
 * Each ends a line, so that a server which speaks text answers at once: it would wait for the end of one otherwise, until
 * the time is over.
 */
function opaqueOf(number: number): number {
  return ((number << 16) | LINE_END) >>> 0;
}

/** `\r\n`. */
const LINE_END = 0x0d_0a;
