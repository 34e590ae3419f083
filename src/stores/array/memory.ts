import type { Ttl } from '../contract.js';
import type { EventType } from '../event-contract.js';
import type { ArrayWaiting } from './lock-waiting.js';

/** Something that ends at a Unix time in milliseconds; null is never. */
interface Cell {
  readonly expires: number | null;
}

export interface EntryCell extends Cell {
  readonly stored: Buffer;
}

export interface LockCell extends Cell {
  readonly owner: string;
}

/** What happened to one key (with its prefix), or, without one, to all of them. */
export interface Happening {
  readonly time: number;
  readonly type: EventType;
  readonly key?: string;
  readonly ttl?: Ttl;
  readonly size?: number;
}

/** What array stores hold. Two stores on one memory are two clients of one server. */
export class Memory {
  readonly locks = new Map<string, LockCell>();
  readonly waiters = new Set<ArrayWaiting>();
  /** The keys of the entries that carry a tag, by the tag with its prefix. */
  readonly tags = new Map<string, Set<string>>();
  readonly #entries = new Map<string, EntryCell>();
  readonly #listeners = new Set<(happening: Happening) => void>();

  /** As long as it has not expired. */
  live(key: string): EntryCell | undefined {
    const cell = this.#entries.get(key);
    if (cell === undefined || isLive(cell)) return cell;
    this.#entries.delete(key);
    this.#forgetTags(key);
    this.tell({ time: cell.expires ?? Date.now(), type: 'KeyExpired', key });
    return undefined;
  }

  set(key: string, cell: EntryCell): void {
    this.live(key);
    this.#entries.set(key, cell);
    this.tell({ time: Date.now(), type: 'KeyWritten', key, ttl: ttlOf(cell), size: cell.stored.length });
  }

  /** What was removed, if anything was there. */
  remove(key: string): EntryCell | undefined {
    const cell = this.live(key);
    if (!cell) return undefined;
    this.#entries.delete(key);
    this.#forgetTags(key);
    this.tell({ time: Date.now(), type: 'KeyForgotten', key });
    return cell;
  }

  /** Keys under a prefix that have not expired. */
  keys(prefix: string): string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && this.live(key) !== undefined);
  }

  holder(name: string): LockCell | undefined {
    const cell = this.locks.get(name);
    return cell && isLive(cell) ? cell : undefined;
  }

  heldLocks(prefix: string): string[] {
    return [...this.locks.keys()].filter((name) => name.startsWith(prefix) && this.holder(name) !== undefined);
  }

  /** Whether there was anything to let go. */
  letGo(name: string): boolean {
    const wasHeld = this.holder(name) !== undefined;
    this.locks.delete(name);
    for (const waiting of this.waiters) if (waiting.name === name) waiting.ring();
    return wasHeld;
  }

  tell(happening: Happening): void {
    for (const listener of this.#listeners) listener(happening);
  }

  /** Gives the way to stop listening. */
  listen(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forgetTags(key: string): void {
    for (const [tag, keys] of this.tags) {
      keys.delete(key);
      if (keys.size === 0) this.tags.delete(tag);
    }
  }
}

/** When something with this ttl ends that begins now. */
export function expiresAfter(ttl: Ttl): number | null {
  return ttl === null ? null : Date.now() + ttl * 1000;
}

/** Seconds left, at least 1. */
export function ttlOf(cell: Cell): Ttl {
  return cell.expires === null ? null : Math.max(1, Math.ceil((cell.expires - Date.now()) / 1000));
}

function isLive(cell: Cell): boolean {
  return cell.expires === null || cell.expires > Date.now();
}
