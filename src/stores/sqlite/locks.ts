import type { Lock, LockHolder, Ttl } from '../contract.js';
import type { Room } from './entries.js';

import { expirationOf, now, ttlOf } from './expiry.js';

/** How many expired locks one attempt removes, at most. */
const TIDIED_AT_ONCE = 100;

/** A row of Laravel's cache_locks: the owner stands there bare. Each operation is one statement, so it is atomic. */
export class SqliteLock implements Lock {
  readonly #room: Room;
  readonly #key: string;

  constructor(room: Room, name: string) {
    this.#room = room;
    this.#key = room.prefix + name;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    const { connection, tables } = this.#room;
    return connection.write(() => {
      const at = now();
      tables.create('locks');
      const { changes } = connection
        .statement(
          `INSERT INTO ${tables.locks} AS locks (key, owner, expiration) VALUES (@key, @owner, @expiration)
           ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration
           WHERE locks.expiration <= @at`,
        )
        .run({ key: this.#key, owner, expiration: expirationOf(ttl, at), at });
      if (tables.findsExpiredFast('locks')) {
        connection
          .statement(
            `DELETE FROM ${tables.locks} WHERE key IN
             (SELECT key FROM ${tables.locks} WHERE expiration <= ? LIMIT ${TIDIED_AT_ONCE})`,
          )
          .run(at);
      }

      return changes === 1;
    });
  }

  async release(owner: string): Promise<boolean> {
    return this.#delete('key = ? AND owner = ?', this.#key, owner);
  }

  async forceRelease(): Promise<boolean> {
    return this.#delete('key = ?', this.#key);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const { connection, tables } = this.#room;
    if (!this.#hasTable()) return false;
    return connection.write(() => {
      const at = now();
      const { changes } = connection
        .statement(`UPDATE ${tables.locks} SET expiration = ? WHERE key = ? AND owner = ? AND expiration > ?`)
        .run(expirationOf(ttl, at), this.#key, owner, at);
      return changes === 1;
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    const { connection, tables } = this.#room;
    if (!this.#hasTable()) return undefined;
    return connection.run(() => {
      const at = now();
      const row = connection
        .statement<{
          owner: string;
          expiration: number;
        }>(`SELECT owner, expiration FROM ${tables.locks} WHERE key = ? AND expiration > ?`)
        .get(this.#key, at);
      return row && { owner: row.owner, ttl: ttlOf(row.expiration, at) };
    });
  }

  /** Whether it was still held. */
  #delete(where: string, ...parameters: readonly string[]): boolean {
    const { connection, tables } = this.#room;
    if (!this.#hasTable()) return false;
    return connection.write(() => {
      const row = connection
        .statement<{ expiration: number }>(`DELETE FROM ${tables.locks} WHERE ${where} RETURNING expiration`)
        .get(...parameters);
      return row !== undefined && row.expiration > now();
    });
  }

  #hasTable(): boolean {
    return this.#room.connection.run(() => this.#room.tables.has('locks'));
  }
}
