import type { Lock, LockHolder, Ttl } from '../contract.js';
import type { Room } from './entries.js';

import { expiresAfter, ttlOf } from './memory.js';

export class ArrayLock implements Lock {
  readonly #room: Room;
  readonly #name: string;

  constructor(room: Room, name: string) {
    this.#room = room;
    this.#name = room.prefix + name;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    const { memory } = this.#room;
    if (memory.holder(this.#name)) return false;
    memory.locks.set(this.#name, { owner, expires: expiresAfter(ttl) });
    return true;
  }

  async release(owner: string): Promise<boolean> {
    const { memory } = this.#room;
    return memory.holder(this.#name)?.owner === owner && memory.locks.delete(this.#name);
  }

  async forceRelease(): Promise<boolean> {
    const { memory } = this.#room;
    return memory.holder(this.#name) !== undefined && memory.locks.delete(this.#name);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const { memory } = this.#room;
    if (memory.holder(this.#name)?.owner !== owner) return false;
    memory.locks.set(this.#name, { owner, expires: expiresAfter(ttl) });
    return true;
  }

  async holder(): Promise<LockHolder | undefined> {
    const cell = this.#room.memory.holder(this.#name);
    return cell && { owner: cell.owner, ttl: ttlOf(cell) };
  }
}
