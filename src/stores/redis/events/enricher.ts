import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { TagLookup } from '../tags/lookup.js';
import type { Callers } from './callers.js';
import type { Hearer } from './tail.js';

import { translated } from '../errors.js';

/**
 * Adds to events what the server must be asked for, once for many of them: tags, and what clients call themselves. Keeps
 * their order; while nothing has to be asked for it takes no time.
 */
export class Finish {
  readonly #options: EventsOptions;
  readonly #hearer: Hearer;
  readonly #tags: TagLookup | undefined;
  readonly #callers: Callers | undefined;
  readonly #location: string;
  #waiting: CacheEvent[] = [];
  #isAsking = false;

  constructor(options: EventsOptions, hearer: Hearer, { tags, callers, location }: Asked) {
    this.#options = options;
    this.#hearer = hearer;
    this.#tags = options.tags === true ? tags : undefined;
    this.#callers = callers;
    this.#location = location;
  }

  take(event: CacheEvent): void {
    if (this.#isAsking || !this.#isKnown(event)) this.#ask(event);
    else this.#tell(event);
  }

  #isKnown({ key, isForeign, client }: CacheEvent): boolean {
    const areTagsKnown = !this.#tags || key === undefined || isForeign || this.#tags.known(key) !== undefined;
    return areTagsKnown && (!this.#callers || client?.address === undefined || this.#callers.isKnown(client.address));
  }

  #ask(event: CacheEvent): void {
    this.#waiting.push(event);
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askForAll()
      .catch((error: unknown) => this.#hearer.fail(translated(error, this.#location)))
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #askForAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting;
      this.#waiting = [];
      await this.#callers?.lookFor(events.flatMap(({ client }) => client?.address ?? []));
      for (const event of events) {
        const { key, isForeign } = event;
        const mayHaveTags = this.#tags && key !== undefined && !isForeign && this.#tags.known(key) === undefined;
        this.#tell(event, mayHaveTags ? await this.#tags!.of(key) : undefined);
      }
    }
  }

  #tell(event: CacheEvent, tags = this.#tagsOf(event)): void {
    const name = event.client?.address === undefined ? undefined : this.#callers?.nameOf(event.client.address);
    const finished = {
      ...event,
      ...(tags && tags.length > 0 && { tags }),
      ...(name !== undefined && { client: { ...event.client, name } }),
    };
    if (this.#options.matches?.(finished) !== false) this.#hearer.tell(finished);
  }

  #tagsOf({ key, isForeign }: CacheEvent): readonly string[] | undefined {
    return key === undefined || isForeign ? undefined : this.#tags?.known(key);
  }
}

/** What events are finished by, and the server that answers. */
interface Asked {
  readonly location: string;
  readonly tags?: TagLookup;
  readonly callers?: Callers;
}
