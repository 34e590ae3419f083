import type { Socket } from 'node:net';

import type { CachectlError } from '../../../errors.js';
import type { Target } from './target.js';

import { closed, notAnswered, translated } from '../errors.js';
import { dial } from './dial.js';

/** Cuts what a server sends into answers, however it is cut into chunks. */
export interface Parser<A> {
  /** The answers that end in this chunk, of which nothing is kept. @throws GarbageError */
  push(chunk: Buffer): Iterable<A>;
  /** Of an answer that nobody waits for; undefined when it is passed over. */
  unasked(answer: A, location: string): CachectlError | undefined;
}

interface Waiting {
  /** Whether it is an error when nothing comes for as long as an answer may take. */
  readonly isTimed: boolean;
  /** The wire is over, and the last did not come. */
  fail(error: CachectlError): void;
}

/** Takes what comes in answer to one write, until it has had its last. */
export interface Taker<A> extends Waiting {
  /** Whether that was the last. */
  take(answer: A): boolean;
}

/** Takes all that comes as it comes, uncut, and keeps nothing of it. For a wire on which nothing else is asked meanwhile. */
export interface BytesTaker extends Waiting {
  /** Whether the last was in it. */
  takeBytes(chunk: Buffer): boolean;
}

/**
 * One socket to one server. Answers come in the order of the requests. Whatever goes wrong ends it, and fails all that
 * still waits for an answer.
 */
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
   * @param signal gives up
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

  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** Writes requests at once, bytes or Latin-1, and gives their answers once `isWhole` says that these are all. */
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

  /** Writes the command, bytes or Latin-1, and hands what comes to `taker`. */
  send(command: Buffer | string, taker: BytesTaker | Taker<A>): void {
    if (this.#failure) {
      taker.fail(this.#failure);
      return;
    }

    this.#takers.push(taker);
    this.#socket.write(command, 'latin1');
    if (this.#takers.length === 1) this.#startTimer();
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#socket.pause();
  }

  resume(): void {
    this.#startTimer();
    this.#socket.resume();
  }

  /** Who waits is told `error`. */
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

  /** An answer that comes whole gives the next one its time; single bytes do not. */
  #read(chunk: Buffer): void {
    let isAnswered = false;
    try {
      isAnswered = this.#taken(chunk);
    } catch (error) {
      this.end(translated(error, this.location));
    }

    if (isAnswered && !this.#socket.isPaused()) this.#startTimer();
  }

  /** Whether an answer, or a line of one, was whole. */
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

    const failure = this.#parser.unasked(answer, this.location);
    if (failure) throw failure;
  }
}

const NEWLINE = 0x0a;
