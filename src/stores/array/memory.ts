import type { EventType } from '../contract/events.js';
import type { Ttl } from '../contract/store.js';
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
  /** That an entry carries or carried, with their prefix. */
  readonly tags?: readonly string[];
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
    this.tell({ time: cell.expires ?? Date.now(), type: 'KeyExpired', key, tags: this.#forgetTags(key) });
    return undefined;
  }

  /** It carries these tags, beside those that it carries already. */
  set(key: string, cell: EntryCell, tags: readonly string[]): void {
    this.live(key);
    this.#entries.set(key, cell);
    for (const tag of tags) this.tags.set(tag, (this.tags.get(tag) ?? new Set()).add(key));
    const about = { ttl: ttlOf(cell), size: cell.stored.length, tags: this.tagsOf(key) };
    this.tell({ time: Date.now(), type: 'KeyWritten', key, ...about });
  }

  /** Another ttl for the same value is no event. False when there is none. */
  touch(key: string, expires: number | null): boolean {
    const cell = this.live(key);
    if (cell) this.#entries.set(key, { ...cell, expires });
    return cell !== undefined;
  }

  /** What was removed, if anything was there. */
  remove(key: string): EntryCell | undefined {
    const cell = this.live(key);
    if (!cell) return undefined;
    this.#entries.delete(key);
    this.tell({ time: Date.now(), type: 'KeyForgotten', key, tags: this.#forgetTags(key) });
    return cell;
  }

  /** Keys under a prefix that have not expired. */
  keys(prefix: string): string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && this.live(key) !== undefined);
  }

  /** Those that an entry carries. */
  tagsOf(key: string): string[] {
    return [...this.tags].filter(([, keys]) => keys.has(key)).map(([tag]) => tag);
  }

  holder(name: string): LockCell | undefined {
    const cell = this.locks.get(name);
    if (cell === undefined || isLive(cell)) return cell;
    this.locks.delete(name);
    this.tell({ time: cell.expires ?? Date.now(), type: 'KeyExpired', key: name });
    return undefined;
  }

  /** False when somebody holds it. */
  acquire(name: string, cell: LockCell): boolean {
    const isFree = this.holder(name) === undefined;
    if (isFree) this.locks.set(name, cell);
    const told = isFree ? ({ type: 'LockAcquired', ttl: ttlOf(cell) } as const) : ({ type: 'LockContended' } as const);
    this.tell({ time: Date.now(), key: name, ...told });
    return isFree;
  }

  heldLocks(prefix: string): string[] {
    return [...this.locks.keys()].filter((name) => name.startsWith(prefix) && this.holder(name) !== undefined);
  }

  /** Whether there was anything to let go. */
  letGo(name: string): boolean {
    const wasHeld = this.holder(name) !== undefined;
    this.locks.delete(name);
    if (wasHeld) this.tell({ time: Date.now(), type: 'LockReleased', key: name });
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

  /** Gives those that it carried. */
  #forgetTags(key: string): readonly string[] {
    const carried = this.tagsOf(key);
    for (const tag of carried) {
      const keys = this.tags.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.tags.delete(tag);
    }

    return carried;
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
