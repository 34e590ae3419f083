import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { entryEventType } from '../../locks/mutex-events.js';

export type Selection = Pick<EventsOptions, 'everything' | 'tags' | 'wants'>;

/** Laravel's two tables. */
export type TailedRole = 'cache' | 'locks';

export const TAILED_ROLES: readonly TailedRole[] = ['cache', 'locks'];

export const WRITTEN: Readonly<Record<TailedRole, EventType>> = { cache: 'KeyWritten', locks: 'LockAcquired' };
export const DELETED: Readonly<Record<TailedRole, EventType>> = { cache: 'KeyForgotten', locks: 'LockReleased' };

/** A row that an event is about. */
export interface EventRow {
  readonly role: TailedRole;
  /** With the prefix. */
  readonly key: Buffer;
  /** Of the event, as Unix time in milliseconds. */
  readonly time: number;
}

/** Makes the events of rows that are selected. */
export class RowEvents {
  readonly #prefix: Buffer;
  readonly #wants: Selection['wants'];

  constructor(prefix: string, { wants }: Selection) {
    this.#prefix = Buffer.from(prefix);
    this.#wants = wants;
  }

  /**
   * The event, if it is wanted.
   * @param tagsOf the tags of the row; absent if they are not known
   */
  of(
    type: EventType,
    { role, key: stored, time }: EventRow,
    more: Pick<CacheEvent, 'size' | 'ttl'> = {},
    tagsOf?: (isOurs: boolean) => readonly string[],
  ): CacheEvent[] {
    const isOurs = stored.subarray(0, this.#prefix.length).equals(this.#prefix);
    const key = keyFromBytes(stored.subarray(isOurs ? this.#prefix.length : 0));
    const reported = role === 'cache' ? entryEventType(type, key) : type;
    if (this.#wants?.(reported, key) === false) return [];
    const event: CacheEvent = { time: new Date(time), type: reported, key, ...(!isOurs && { isForeign: true }) };
    if (reported !== type) return [{ ...event, ...(more.ttl !== undefined && { ttl: more.ttl }) }];
    return [{ ...event, ...(tagsOf && { tags: tagsOf(isOurs) }), ...more }];
  }
}
