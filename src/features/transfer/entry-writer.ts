import type { BulkOptions, NewEntry, Repository, Store, StoredEntry } from '../../stores/contract/store.js';
import type { Tally } from './tally.js';

import { CachectlError, FullError, isPassing, RefusedError, UnsupportedError } from '../../errors.js';
import { unsupported } from '../../stores/contract/operations.js';
import { overlapping } from '../../stores/listing/concurrent.js';
import { NO_TAGS, type TransferEntry } from './entry.js';

export interface WriteOptions {
  /** Only where the key is free. */
  readonly ifAbsent: boolean;
  readonly signal: AbortSignal;
  /** Counts what is written and what is not. */
  readonly tally: Tally;
  /** Called when the store has acknowledged more. */
  onWritten(): void;
}

/** Concurrent requests, where each entry or each group of tags takes its own. */
const CONCURRENCY = 32;

/** After this many refusals in a row, the cause is the store, not the entries. */
const MAX_REFUSALS = 20;

/**
 * Writes entries into a store. An entry that the store refuses is counted as failed. If the store is lost or refuses
 * everything, the error is thrown.
 */
export class EntryWriter {
  readonly #store: Store;
  readonly #options: WriteOptions;
  #refusals = 0;

  constructor(store: Store, options: WriteOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * Resolves when each entry is acknowledged, or counted as failed or expired. If a key is repeated, its last entry
   * wins.
   * @param readAt Unix time in milliseconds at which the TTLs were read; the time since then is subtracted
   */
  async write(entries: readonly TransferEntry[], readAt: number): Promise<void> {
    const groups = grouped(this.#aged(entries, Math.floor((Date.now() - readAt) / 1000)));
    await (groups.length === 1
      ? this.#group(groups[0]!)
      : overlapping(groups, CONCURRENCY, async (group) => this.#group(group)));
  }

  /** The entries that live longer than `seconds`, with the rest of their TTLs. */
  #aged(entries: readonly TransferEntry[], seconds: number): readonly TransferEntry[] {
    if (seconds <= 0) return entries;
    const live = entries.filter(({ ttl }) => ttl === null || ttl > seconds);
    this.#options.tally.expired += entries.length - live.length;
    return live.map((entry) => (entry.ttl === null ? entry : { ...entry, ttl: entry.ttl - seconds }));
  }

  async #group({ tags, values, stored }: Group): Promise<void> {
    if (tags.length > 0 && !this.#store.supports('tags')) {
      const error = unsupported(this.#store, 'tags');
      for (const { key } of [...values, ...stored]) this.#options.tally.fail(key, error);
      return;
    }

    const tagged = tags.length === 0 ? undefined : this.#store.tags(tags);
    await tagged?.prepare?.();
    const target: Repository = tagged ?? this.#store;

    if (values.length > 0) {
      await (this.#options.ifAbsent
        ? this.#add(target, values)
        : this.#put(values, async (some, options) => target.putMany(some, options)));
    }

    for (const [form, some] of byForm(stored)) await this.#putStored(target, form, some);
  }

  async #putStored(target: Repository, form: string, entries: readonly StoredEntry[]): Promise<void> {
    const { ifAbsent, tally } = this.#options;
    if (target.putStored === undefined || target.storedForm !== form || ifAbsent) {
      const why = ifAbsent ? 'cannot be put with --if-absent' : `go into such a store only, and not ${formOf(target)}`;
      const error = new UnsupportedError(`stored bytes of the form "${form}" ${why}`, '');
      for (const { key } of entries) tally.fail(key, error);
      return;
    }

    await this.#put(entries, async (some, options) => target.putStored!(some, options));
  }

  async #put<E extends NewEntry | StoredEntry>(entries: readonly E[], put: Put<E>): Promise<void> {
    const again = { stored: 0 };
    await this.#putEach(entries, put, again);
    // Refused when they were put again.
    this.#options.tally.written -= again.stored;
  }

  /**
   * Finds a refused entry among many by bisection.
   * @param again how many entries are counted as written already, and are put again
   */
  async #putEach<E extends NewEntry | StoredEntry>(
    entries: readonly E[],
    put: Put<E>,
    again: { stored: number },
  ): Promise<void> {
    const { signal, tally, onWritten } = this.#options;
    let done = 0;
    const onProgress = (progress: { readonly done: number }): void => {
      const more = progress.done - done;
      const known = Math.min(again.stored, more);
      again.stored -= known;
      tally.written += more - known;
      done = progress.done;
      onWritten();
    };

    try {
      onProgress({ done: await put(entries, { signal, onProgress }) });
      this.#refusals = 0;
    } catch (error) {
      if (!isOfEntries(error) || signal.aborted) throw error;
      if (entries.length === 1) {
        this.#refuse(entries[0]!.key, error);
        return;
      }

      again.stored += done;
      const half = entries.length >> 1;
      await this.#putEach(entries.slice(0, half), put, again);
      await this.#putEach(entries.slice(half), put, again);
    }
  }

  /** One request for each entry. */
  async #add(target: Repository, entries: readonly NewEntry[]): Promise<void> {
    const { signal, tally, onWritten } = this.#options;
    await overlapping(entries, CONCURRENCY, async ({ key, value, ttl, flags }) => {
      signal.throwIfAborted();
      try {
        if (await target.add(key, value, ttl, flags)) tally.written++;
        else tally.present++;
        this.#refusals = 0;
      } catch (error) {
        if (!isOfEntries(error)) throw error;
        this.#refuse(key, error);
      }

      onWritten();
    });
  }

  #refuse(key: string, error: CachectlError): void {
    if (error instanceof RefusedError && ++this.#refusals >= MAX_REFUSALS) throw error;
    this.#options.tally.fail(key, error);
  }
}

type Put<E> = (entries: readonly E[], options: BulkOptions) => Promise<number>;

/** Entries with the same tags. */
interface Group {
  readonly tags: readonly string[];
  readonly values: readonly NewEntry[];
  readonly stored: ReadonlyArray<Extract<TransferEntry, { readonly stored: Buffer }>>;
}

function grouped(entries: readonly TransferEntry[]): readonly Group[] {
  // Most pages are like this.
  if (entries.every((entry) => entry.stored === undefined && entry.tags.length === 0)) {
    return [{ tags: NO_TAGS, values: entries as readonly NewEntry[], stored: [] }];
  }

  const groups = new Map<string, Group & { values: NewEntry[]; stored: Array<Group['stored'][number]> }>();
  for (const entry of entries) {
    const name = entry.tags.length === 0 ? '' : JSON.stringify(entry.tags);
    const group = groups.get(name) ?? { tags: entry.tags, values: [], stored: [] };
    groups.set(name, group);
    if (entry.stored === undefined) group.values.push(entry);
    else group.stored.push(entry);
  }

  return [...groups.values()];
}

function byForm(entries: Group['stored']): ReadonlyMap<string, StoredEntry[]> {
  const forms = new Map<string, StoredEntry[]>();
  for (const entry of entries) {
    const some = forms.get(entry.form) ?? [];
    forms.set(entry.form, some);
    some.push(entry);
  }

  return forms;
}

function formOf({ storedForm }: Repository): string {
  return storedForm === undefined ? 'into this one' : `"${storedForm}"`;
}

/** Whether the store may still accept other entries. */
function isOfEntries(error: unknown): error is CachectlError {
  return error instanceof CachectlError && !(error instanceof FullError) && !isPassing(error);
}
