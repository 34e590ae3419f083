import { connect, type Socket } from 'node:net';

import type { CachectlError } from '../../errors.js';
import type { MemcachedServer } from '../../profiles/profile.js';

import { closed, notAnswered, notConnected, translated, unasked } from './errors.js';
import { type Answer, AnswerParser } from './text-parser.js';

interface Waiting {
  /** Whether it is an error when nothing comes for as long as an answer may take. */
  readonly isTimed: boolean;
  /** The wire is over, and the last did not come. */
  fail(error: CachectlError): void;
}

/** Takes what comes in answer to one write, until it has had its last. */
export interface Taker extends Waiting {
  /** Whether that was the last. */
  take(answer: Answer): boolean;
}

/** Takes all that comes as it comes, uncut, and keeps nothing of it. For a wire on which nothing else is asked meanwhile. */
export interface BytesTaker extends Waiting {
  /** Whether the last was in it. */
  takeBytes(chunk: Buffer): boolean;
}

/**
 * One socket to one server, for the text protocol. Answers come in the order of the commands. Whatever goes wrong ends
 * it, and fails all that still waits for an answer.
 */
export class Wire {
  readonly location: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #parser = new AnswerParser();
  readonly #takers: Array<BytesTaker | Taker> = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: CachectlError | undefined;

  private constructor(socket: Socket, location: string, timeoutMs: number) {
    this.location = location;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('error', (error) => this.end(translated(error, location)));
    socket.on('close', () => this.end(closed(location)));
  }

  /**
   * @param signal gives up
   * @throws UnreachableError or TimeoutError
   */
  static async open(server: MemcachedServer, location: string, timeoutMs: number, signal: AbortSignal): Promise<Wire> {
    let wire: undefined | Wire;
    const socket = connect({
      host: server.host,
      port: server.port,
      noDelay: true,
      // All is read into the same piece of memory: a new one each time is more than the system gets back in time.
      onread: {
        buffer: Buffer.allocUnsafeSlow(CHUNK),
        callback(length, buffer) {
          if (wire) wire.#read((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
    const { promise: opened, resolve, reject } = settled<Wire>();
    const fail = (error: CachectlError): void => {
      socket.destroy();
      reject(error);
    };

    const giveUp = (): void => fail(closed(location));
    const timer = setTimeout(() => fail(notConnected(location)), timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('error', (error) => fail(translated(error, location)));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      wire = new Wire(socket, location, timeoutMs);
      resolve(wire);
    });
    try {
      return await opened;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }

  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Commands of one answer each, written at once. An answer that is an error stands in its place.
   * @param commands as bytes, or in Latin-1
   */
  async ask(commands: ReadonlyArray<Buffer | string>): Promise<readonly Answer[]> {
    if (commands.length === 0) return [];
    return this.#gather(joined(commands), (answers) => answers.length === commands.length);
  }

  /** A command of many lines; `isLast` knows the line that ends them. */
  async askLines(command: string, isLast: (line: string) => boolean): Promise<readonly string[]> {
    const answers = await this.#gather(`${command}\r\n`, (all) => isLast(all.at(-1)!.line));
    return answers.map(({ line }) => line);
  }

  /** Writes the command, bytes or Latin-1, and hands what comes to `taker`. */
  send(command: Buffer | string, taker: BytesTaker | Taker): void {
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

  async #gather(bytes: Buffer | string, isWhole: (answers: readonly Answer[]) => boolean): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      const answers: Answer[] = [];
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

  #deliver(answer: Answer): void {
    if (this.#failure) return;
    const [taker] = this.#takers;
    if (!taker || !('take' in taker)) throw unasked(this.location, answer.line);
    if (taker.take(answer)) this.#takers.shift();
  }
}

/** Bytes that are read at once. */
const CHUNK = 65_536;

const NEWLINE = 0x0a;

function joined(commands: ReadonlyArray<Buffer | string>): Buffer | string {
  if (commands.every((each) => typeof each === 'string')) return commands.join('');
  return Buffer.concat(commands.map((each) => (typeof each === 'string' ? Buffer.from(each, 'latin1') : each)));
}

/** A promise that is settled from outside. */
function settled<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((...ends) => {
    [resolve, reject] = ends;
  });
  return { promise, resolve, reject };
}
