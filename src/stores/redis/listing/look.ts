import type { ListedEntry } from '../../contract/listing.js';
import type { ToldBy } from '../../contract/locks.js';
import type { Ttl } from '../../contract/store.js';
import type { Command, Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError, WrongTypeError } from '../../../errors.js';
import { lockTeller, LONGEST_OWNER, type Teller, TELLING_BYTES } from '../../locks/rule.js';
import { bytesList, count, given, isGone, ttlOf } from '../client/replies.js';
import { ownerOf } from '../locks/lock.js';
import { ruleAmongEntries } from '../locks/places.js';

/** Keys per script call, which keeps each well under a millisecond of the server's time. */
const STEP = 250;

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
    return {
      key,
      size,
      ttl,
      ...(!this.#values && { isMemorySize: true }),
      ...(idle !== undefined && { idle }),
      ...(lock !== undefined && { lock }),
    };
  }

  /** How a key with this prefix is recognized as a lock. */
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

/** What is wanted of each key. */
interface Wanted {
  readonly idle: boolean;
  /** Whether the script may read values; without it only their size in memory is known. */
  readonly values: boolean;
  /** Bytes of each value; none where values may not be looked at. */
  readonly head: number;
}

/**
 * The same questions as in a pipeline, and a quarter of its time: for each key how long it was not used (first, since what
 * follows counts as using it), PTTL, size and head, each empty where it is not told.
 */
const LOOK = `local idle, values, head = ARGV[1] == '1', ARGV[2] == '1', tonumber(ARGV[3])
local told = {}
for _, key in ipairs(KEYS) do
  local unused = idle and redis.pcall('OBJECT', 'IDLETIME', key)
  if type(unused) ~= 'number' then unused = '' end
  local pttl = redis.call('PTTL', key)
  local size = values and redis.pcall('STRLEN', key) or redis.pcall('MEMORY', 'USAGE', key)
  local start = ''
  if type(size) ~= 'number' then size = ''
  elseif head > 0 and size > 0 then
    start = redis.pcall('GETRANGE', key, '0', tostring(head - 1))
    if type(start) == 'table' then return start end
  end
  local at = #told
  told[at + 1], told[at + 2], told[at + 3], told[at + 4] = tostring(unused), tostring(pttl), tostring(size), start
end
return told`;

/** What the script tells of a key; null where it does not. */
interface Told {
  readonly idle: Reply;
  readonly pttl: Reply;
  readonly size: Reply;
  readonly head: Buffer;
}

/**
 * In the order of the full keys, in one round trip.
 * @returns undefined where the server does not let a script do that
 */
async function lookByScript(
  connection: Connection,
  full: readonly string[],
  { idle, values, head }: Wanted,
): Promise<readonly Told[] | undefined> {
  const steps = Array.from({ length: Math.ceil(full.length / STEP) }, (_, index) =>
    full.slice(index * STEP, (index + 1) * STEP),
  );
  const fixed = [idle ? 1 : 0, values ? 1 : 0, values ? head : 0];
  const replies = await connection.batch(steps.map((keys) => ['EVAL', LOOK, keys.length, ...keys, ...fixed]));
  if (replies.some((reply) => reply instanceof RefusedError)) return undefined;
  return replies.flatMap((reply) => toldBy(bytesList(reply, 4)));
}

function toldBy(fields: readonly Buffer[]): Told[] {
  const told: Told[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [idle, pttl, size] = fields.slice(at, at + 3).map((field) => (field.length === 0 ? null : field.toString()));
    told.push({ idle: idle!, pttl: pttl!, size: size!, head: fields[at + 3]! });
  }

  return told;
}
