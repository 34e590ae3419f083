import type { Socket } from 'node:net';

import type { CachectlError } from '../../../errors.js';
import type { Target } from './target.js';

import { closed, notAnswered, translated } from '../errors.js';
import { dial } from './dial.js';

/** Parses answers from chunks. */
export interface Parser<A> {
  /** The answers that end in this chunk; keeps none of them. @throws GarbageError */
  push(chunk: Buffer): Iterable<A>;
  /** The error for an answer without a request. Undefined to ignore it. */
  unsolicited(answer: A, location: string): CachectlError | undefined;
}

interface Waiting {
  /** Whether silence longer than the timeout is an error. */
  readonly isTimed: boolean;
  /** The wire was closed before the last answer. */
  fail(error: CachectlError): void;
}

/** Receives the answers to one write. */
export interface Taker<A> extends Waiting {
  /** @returns whether that was the last answer */
  take(answer: A): boolean;
}

/** Receives chunks unparsed and keeps none of them. For a wire without other requests in the meantime. */
export interface BytesTaker extends Waiting {
  /** @returns whether the chunk contained the end */
  takeBytes(chunk: Buffer): boolean;
}

/** A socket to one server. Answers arrive in the order of requests. Any error closes it and fails all open requests. */
export class Wire<A> {
  readonly location: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #parser: Parser<A>;
  readonly #takers: Array<BytesTaker | Taker<A>> = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: CachectlError | undefined;

  private constructor(socket: Socket, { location, timeoutMs }: Target, parser: Parser<A>) {
    this.location = location;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#parser = parser;
    socket.on('error', (error) => this.end(translated(error, location)));
    socket.on('close', () => this.end(closed(location)));
  }

  /**
   * @param signal aborts the attempt
   * @throws UnreachableError or TimeoutError
   */
  static async open<A>(target: Target, parser: Parser<A>, signal: AbortSignal): Promise<Wire<A>> {
    const opened: { wire?: Wire<A> } = {};
    const socket = await dial(target, signal, (chunk) => {
      if (opened.wire) opened.wire.#read(chunk);
    });
    opened.wire = new Wire(socket, target, parser);
    return opened.wire;
  }

  get isClosed(): boolean {
    return this.#failure !== undefined;
  }

  /** Write requests, as bytes or Latin-1, and collect answers until `isWhole` returns true. */
  async gather(bytes: Buffer | string, isWhole: (answers: readonly A[]) => boolean): Promise<readonly A[]> {
    return new Promise((resolve, reject) => {
      const answers: A[] = [];
      this.send(bytes, {
        isTimed: true,
        take(answer) {
          answers.push(answer);
          const isLast = isWhole(answers);
          if (isLast) resolve(answers);
          return isLast;
        },
        fail: reject,
      });
    });
  }

  /** Write a command, as bytes or Latin-1, and pass the answers to `taker`. */
  send(command: Buffer | string, taker: BytesTaker | Taker<A>): void {
    if (this.#failure) {
      taker.fail(this.#failure);
      return;
    }

    this.#takers.push(taker);
    this.#socket.write(command, 'latin1');
    if (this.#takers.length === 1) this.#startTimer();
  }

  /** Stop reading until `resume`. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#socket.pause();
  }

  resume(): void {
    this.#startTimer();
    this.#socket.resume();
  }

  /** Close the wire and fail open requests with `error`. */
  end(error: CachectlError = closed(this.location)): void {
    if (this.#failure) return;
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    for (const taker of this.#takers.splice(0)) taker.fail(error);
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    if (this.#failure || !this.#takers[0]?.isTimed) return;
    this.#timer = setTimeout(() => this.end(notAnswered(this.location)), this.#timeoutMs);
  }

  /** A complete answer restarts the timer for the next one; part of an answer does not. */
  #read(chunk: Buffer): void {
    let isAnswered = false;
    try {
      isAnswered = this.#taken(chunk);
    } catch (error) {
      this.end(translated(error, this.location));
    }

    if (isAnswered && !this.#socket.isPaused()) this.#startTimer();
  }

  /** @returns whether the chunk completed an answer or a line */
  #taken(chunk: Buffer): boolean {
    const [taker] = this.#takers;
    if (taker && 'takeBytes' in taker) {
      if (taker.takeBytes(chunk)) this.#takers.shift();
      return chunk.includes(NEWLINE);
    }

    let isAnswered = false;
    for (const answer of this.#parser.push(chunk)) {
      this.#deliver(answer);
      isAnswered = true;
    }

    return isAnswered;
  }

  #deliver(answer: A): void {
    if (this.#failure) return;
    const [taker] = this.#takers;
    if (taker && 'take' in taker) {
      if (taker.take(answer)) this.#takers.shift();
      return;
    }

    const failure = this.#parser.unsolicited(answer, this.location);
    if (failure) throw failure;
  }
}

const NEWLINE = 0x0a;
