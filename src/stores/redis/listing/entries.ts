import type { EntryPage, EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { ToldBy } from '../../contract/locks.js';
import type { Ttl } from '../../contract/store.js';
import type { Command, Reply } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError, WrongTypeError } from '../../../errors.js';
import { pageAt } from '../../contract/listing.js';
import { globMatcher } from '../../listing/glob.js';
import { ahead } from '../../listing/prefetch.js';
import { lockTeller, LONGEST_OWNER, type Teller, TELLING_BYTES } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { count, given, isGone, ttlOf } from '../client/replies.js';
import { ownerOf } from '../locks/lock.js';
import { ruleAmongEntries } from '../locks/places.js';
import { EntryTags } from '../tags/entry-tags.js';
import { Contents } from './contents.js';
import { scanWithPlaces } from './cursors.js';
import { lookByScript } from './look-script.js';
import { withoutTouching } from './no-touch.js';

/**
 * What lies under the prefix, a page of a scan at a time. Looking counts as using on servers before 7.2: since when nobody
 * used an entry is asked first, and then its value is not looked at, unless for its contents; its size is then what it
 * takes in memory, and a lock is told by its name alone.
 */
export async function* listEntries(context: RedisContext, options: ListEntriesOptions = {}): EntryPages {
  options.signal?.throwIfAborted();
  yield* withoutTouching(context.connection, (isUntouched) => {
    const listed = pages(context, options, isUntouched);
    // While their reader is at one, the server is at the next.
    return options.contents ? ahead(listed) : listed;
  });
}

async function* pages(
  context: RedisContext,
  options: ListEntriesOptions,
  isUntouched: boolean,
): AsyncGenerator<EntryPage> {
  const { signal, pattern = '*', contents, tags } = options;
  const matches = globMatcher(pattern);
  const look = new Look(context, { idle: options.idle === true, values: isUntouched || !options.idle });
  const entryTags = tags ? new EntryTags(context, signal) : undefined;
  const read = new Contents(context, look, { idle: options.idle === true });
  for await (const { page: found, place } of scanWithPlaces(context, options)) {
    const names = [...new Set(found.map((full) => context.keys.short(full)))];
    const wanted = names.filter((name) => !isTagSetKey(name) && matches(name));
    const some = contents ? read.of(wanted) : [await look.at(wanted)];
    for await (const listed of some) {
      signal?.throwIfAborted();
      if (listed.length > 0) yield entryTags ? await withTags(entryTags, listed) : listed;
    }

    if (place !== undefined) yield pageAt([], place);
  }
}

async function withTags(entryTags: EntryTags, listed: readonly ListedEntry[]): Promise<readonly ListedEntry[]> {
  const tags = await entryTags.of(listed.map(({ key }) => key));
  // To spread each into another object would take longer than the rest.
  return listed.map((entry, index) => Object.assign(entry, { tags: tags[index]! }));
}

interface Looked extends Omit<ListedEntry, 'size'> {
  readonly size: number | undefined;
}

/** What is known of a key without reading all that it holds. */
export class Look {
  readonly #context: RedisContext;
  readonly #idle: boolean;
  readonly #values: boolean;
  readonly #tell: Teller;
  /** Bytes of a value that tell whether it is a lock. */
  readonly #head: number;
  #usesScripts: boolean;

  /** @param values whether values may be looked at */
  constructor(context: RedisContext, { idle, values }: { readonly idle: boolean; readonly values: boolean }) {
    this.#context = context;
    this.#idle = idle;
    this.#values = values;
    const rule = ruleAmongEntries(context);
    this.#tell = lockTeller(rule);
    this.#head = rule.goesByNames ? 0 : context.packing.texts.areBare ? TELLING_BYTES : LONGEST_OWNER;
    this.#usesScripts = !context.connection.keysApart;
  }

  /** One round trip; what is gone by then is left out. @param names without prefixes */
  async at(names: readonly string[]): Promise<ListedEntry[]> {
    if (names.length === 0) return [];
    const told = (await this.#byScripts(names)) ?? (await this.#byPipeline(names));
    return Promise.all(told.flatMap((entry) => (entry === undefined ? [] : [this.#sized(entry)])));
  }

  /** Undefined where the server does not let scripts do it. */
  async #byScripts(names: readonly string[]): Promise<ReadonlyArray<Looked | undefined> | undefined> {
    if (!this.#usesScripts) return undefined;
    const { connection, keys } = this.#context;
    const full = names.map((name) => keys.full(name));
    const wanted = { idle: this.#idle, values: this.#values, head: this.#head };
    const told = await lookByScript(connection, full, wanted);
    this.#usesScripts = told !== undefined;
    return told?.map(({ idle, pttl, size, head }, index) =>
      this.#read(names[index]!, [
        ...(this.#idle ? [idle] : []),
        pttl,
        size,
        ...(this.#head > 0 && this.#values ? [head] : []),
      ]),
    );
  }

  async #byPipeline(names: readonly string[]): Promise<ReadonlyArray<Looked | undefined>> {
    const commands = names.map((name) => this.#commands(this.#context.keys.full(name)));
    const width = commands[0]!.length;
    const replies = await this.#context.connection.batch(commands.flat());
    return names.map((name, index) => this.#read(name, replies.slice(index * width, (index + 1) * width)));
  }

  #commands(full: string): Command[] {
    return [
      // First, since what comes after it may count as using the entry.
      ...(this.#idle ? [['OBJECT', 'IDLETIME', full] as const] : []),
      ['PTTL', full],
      this.#values ? ['STRLEN', full] : ['MEMORY', 'USAGE', full],
      ...(this.#head > 0 && this.#values ? [['GETRANGE', full, 0, this.#head - 1] as const] : []),
    ];
  }

  #read(key: string, replies: ReadonlyArray<Error | Reply>): Looked | undefined {
    const rest = [...replies];
    const idle = this.#idle ? idleOf(rest.shift()!) : undefined;
    const pttl = given(rest.shift()!);
    if (isGone(pttl)) return undefined;
    const size = lengthOf(rest.shift()!);
    const isNoString = size === undefined && this.#values;
    const lock = isNoString ? undefined : this.#lockBy(key, rest.shift());
    const ttl: Ttl = ttlOf(pttl);
    return { key, size, ttl, ...(idle !== undefined && { idle }), ...(lock !== undefined && { lock }) };
  }

  /** How what begins so is told to be a lock. */
  lockOf(name: string, start: Buffer): ToldBy | undefined {
    return this.#tell(name, ownerOf(this.#context.packing.texts, start.subarray(0, this.#head)));
  }

  #lockBy(name: string, head: Error | Reply | undefined): ToldBy | undefined {
    return head instanceof WrongTypeError
      ? undefined
      : this.lockOf(name, head === undefined ? NOTHING : (given(head) as Buffer));
  }

  /** What is no string has no length; it takes some memory. */
  async #sized({ key, size, ...entry }: Looked): Promise<ListedEntry> {
    if (size !== undefined) return { key, size, ...entry };
    const [reply] = await this.#context.connection.batch([['MEMORY', 'USAGE', this.#context.keys.full(key)]]);
    return { key, size: (reply === undefined ? undefined : lengthOf(reply)) ?? 0, ...entry };
  }
}

const NOTHING = Buffer.alloc(0);

/** Undefined where the server does not tell: it evicts what is seldom used, rather than what was not used for long. */
function idleOf(reply: Error | Reply): number | undefined {
  if (reply instanceof RefusedError || reply === null) return undefined;
  return count(reply);
}

/** Undefined of what is no string, or where we may not ask. */
function lengthOf(reply: Error | Reply): number | undefined {
  if (reply instanceof WrongTypeError || reply instanceof RefusedError || reply === null) return undefined;
  return count(reply);
}
