import { Double } from 'mongodb';

import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';

import { entryEventType } from '../../locks/mutex-events.js';
import { tagHashOf } from '../../tags/names.js';
import { ttlOf } from '../expiry.js';
import { storedBytes } from '../values.js';

/** The fields of an entry or lock, unvalidated. */
export interface FoundDocument {
  readonly value?: unknown;
  readonly expires_at?: unknown;
  readonly tags?: unknown;
}

/** The fields of an event other than type and key. */
export type Details = Pick<CacheEvent, 'size' | 'tags' | 'time' | 'ttl'>;

/** Builds events of the selected types and passes on those that match. */
export class Emitter {
  readonly #prefix: string;
  readonly #options: EventsOptions;
  readonly #push: (event: CacheEvent) => void;

  constructor(prefix: string, options: EventsOptions, push: (event: CacheEvent) => void) {
    this.#prefix = prefix;
    this.#options = options;
    this.#push = push;
  }

  /**
   * @param id prefix included; undefined for an event of the whole store
   * @param details called only for selected events
   */
  emit(type: EventType, id: string | undefined, details: () => Details): void {
    const { everything, wants, matches, tags: wantsTags } = this.#options;
    const isForeign = id?.startsWith(this.#prefix) === false;
    if (isForeign && everything !== true) return;
    const key = isForeign ? id : id?.slice(this.#prefix.length);
    const reported = entryEventType(type, key);
    if (wants?.(reported, key) === false) return;
    const { tags, size, ...rest } = details();
    const isEntry = reported === type;
    const event: CacheEvent = {
      type: reported,
      ...(key !== undefined && { key }),
      ...(isForeign && { isForeign }),
      ...(isEntry && size !== undefined && { size }),
      ...(isEntry && wantsTags === true && tags && { tags: isForeign ? tags : this.#own(key, tags) }),
      ...rest,
    };
    if (matches?.(event) !== false) this.#push(event);
  }

  /** The key of another prefix that begins with this one has tags of that prefix. */
  #own(key: string | undefined, tags: readonly string[]): readonly string[] {
    if (key === undefined || tagHashOf(key) === undefined) return [];
    return tags.map((tag) => (tag.startsWith(this.#prefix) ? tag.slice(this.#prefix.length) : tag));
  }
}

/** @param at by the server's clock, in milliseconds */
export function lifeOf({ expires_at }: FoundDocument, at: number): Pick<Details, 'ttl'> {
  const ttl = ttlOf(expires_at, at);
  return ttl === undefined ? {} : { ttl };
}

/** Empty if the document has no value. */
export function sizeOf(document: FoundDocument): Pick<Details, 'size'> {
  if (!('value' in document)) return {};
  const { value } = document;
  // A number may be a promoted integer. Its text is the same as the float's.
  return { size: storedBytes(typeof value === 'number' ? new Double(value) : value).length };
}

/** The tags of a whole document. Without the field, it has none. */
export function tagsOf({ tags }: FoundDocument): Pick<Details, 'tags'> {
  return { tags: Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [] };
}
