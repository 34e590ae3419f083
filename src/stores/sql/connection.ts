import { setTimeout as sleep } from 'node:timers/promises';

import type { Answer, Row, Server, Session } from './session.js';

import { deferred, withTimeout } from '../../async.js';
import { CachectlError, TimeoutError, UnansweredError } from '../../errors.js';
import { noAnswer, noConnection } from '../network/errors.js';
import { raw, type Sql } from './statement.js';

/** Concurrent sessions: waits and bulk work must not block other statements. */
const MAX_SESSIONS = 4;

/** The maximum number of attempts if the server rolls back a transaction to break a deadlock. */
const ATTEMPTS = 20;

export type Run = <Found = Row>(statement: Sql) => Promise<Answer<Found>>;

/** A pool of sessions with one database, opened on demand. Every error names the server. */
export class Connection {
  readonly location: string;
  readonly server: Server;
  readonly timeoutMs: number;
  readonly #idle: Session[] = [];
  readonly #waiting: Array<() => void> = [];
  #open = 0;
  #isClosed = false;

  constructor(server: Server, timeoutMs: number) {
    this.server = server;
    this.location = server.location;
    this.timeoutMs = timeoutMs;
  }

  /** Run a statement that commits by itself. Retried after a deadlock, which rolled it back. */
  async run<Found = Row>(statement: Sql): Promise<Answer<Found>> {
    return this.#withSession(async (session) => retried(this.server, async () => this.#ask<Found>(session, statement)));
  }

  /** Read a page of rows in the order of an index. */
  async page<Found = Row>(statement: Sql): Promise<Answer<Found>> {
    return this.#withSession(async (session) => this.#page<Found>(session, statement));
  }

  /** The same; `undefined` if the table does not exist. */
  async pageIfThere<Found = Row>(statement: Sql): Promise<Answer<Found> | undefined> {
    return this.#withSession(async (session) => {
      try {
        return await this.#page<Found>(session, statement);
      } catch (error) {
        if (this.server.isMissingTable(error)) return;
        throw error;
      }
    });
  }

  /** Run `work` in a transaction. Retried after a deadlock, so it must have no other effects. */
  async transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#withSession(async (session) => this.#transaction(session, work));
  }

  /** Open a separate session, which the caller closes. @throws CachectlError */
  async session(): Promise<Session> {
    try {
      return await this.#connect();
    } catch (error) {
      throw this.server.translated(error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#idle.splice(0).map(async (session) => session.close()));
  }

  async #withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    let session: Session | undefined;
    try {
      session = await this.#take();
      return await work(session);
    } catch (error) {
      throw this.server.translated(error);
    } finally {
      if (session !== undefined) await this.#give(session);
    }
  }

  async #page<Found>(session: Session, statement: Sql): Promise<Answer<Found>> {
    if (this.server.orderedBegin !== undefined) return this.#transaction(session, async (run) => run<Found>(statement));
    return retried(this.server, async () => this.#ask<Found>(session, statement));
  }

  async #transaction<T>(session: Session, work: (run: Run) => Promise<T>): Promise<T> {
    return retried(this.server, async () => {
      await this.#ask(session, this.server.orderedBegin ?? BEGIN);
      try {
        const result = await work(async (statement) => this.#ask(session, statement));
        await this.#ask(session, COMMIT);
        return result;
      } catch (error) {
        await this.#rollBack(session);
        throw error;
      }
    });
  }

  async #ask<Found>(session: Session, statement: Sql): Promise<Answer<Found>> {
    const late = (): Error => {
      session.destroy();
      return new UnansweredError(`${this.location} ${noAnswer.what}`, noAnswer.hint);
    };

    return withTimeout(session.run(statement) as unknown as Promise<Answer<Found>>, this.timeoutMs, late);
  }

  /** Never throws, so the original error is kept. */
  async #rollBack(session: Session): Promise<void> {
    if (!session.isUsable) return;
    await this.#ask(session, ROLLBACK).catch(() => session.destroy());
  }

  async #take(): Promise<Session> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle?.isUsable) return idle;
      if (idle !== undefined) this.#open--;
      else if (this.#open < MAX_SESSIONS) break;
      else {
        const turn = deferred<void>();
        this.#waiting.push(turn.resolve);
        await turn.promise;
      }
    }

    this.#open++;
    try {
      return await this.#connect();
    } catch (error) {
      this.#open--;
      this.#waiting.shift()?.();
      throw error;
    }
  }

  async #give(session: Session): Promise<void> {
    if (session.isUsable && !this.#isClosed) this.#idle.push(session);
    else {
      this.#open--;
      await session.close();
    }

    this.#waiting.shift()?.();
  }

  async #connect(): Promise<Session> {
    const connecting = this.server.connect(this.timeoutMs);
    return withTimeout(connecting, this.timeoutMs, () => {
      // The server may still be starting.
      connecting.then(
        (session) => session.destroy(),
        () => {},
      );
      return new TimeoutError(`${this.location} ${noConnection.what}`, noConnection.hint);
    });
  }
}

const BEGIN = raw('BEGIN');
const COMMIT = raw('COMMIT');
const ROLLBACK = raw('ROLLBACK');

async function retried<T>(server: Server, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || error instanceof CachectlError || !server.isRetriable(error)) throw error;
      await sleep(Math.random() * Math.min(100, 2 ** attempt));
    }
  }
}
