import type { ListedEntry } from '../../contract/listing.js';
import type { DetectedBy } from '../../contract/locks.js';
import type { Ttl } from '../../contract/store.js';
import type { Command, Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError, WrongTypeError } from '../../../errors.js';
import { lockDetector, type LockDetector, MAX_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { bytesList, count, given, isGone, ttlOf } from '../client/replies.js';
import { ownerOf } from '../locks/lock.js';
import { ruleAmongEntries } from '../locks/places.js';

/** Keys per script call, which keeps each well under a millisecond of the server's time. */
const STEP = 250;

interface Looked extends Omit<ListedEntry, 'size'> {
  readonly size: number | undefined;
}

/** Reads what is known about keys without reading their whole values. */
export class Look {
  readonly #context: RedisContext;
  readonly #idle: boolean;
  readonly #values: boolean;
  readonly #detect: LockDetector;
  /** The bytes of a value that suffice to recognize a lock. */
  readonly #head: number;
  #usesScripts: boolean;

  /** @param values whether values may be read */
  constructor(context: RedisContext, { idle, values }: { readonly idle: boolean; readonly values: boolean }) {
    this.#context = context;
    this.#idle = idle;
    this.#values = values;
    const rule = ruleAmongEntries(context);
    this.#detect = lockDetector(rule);
    this.#head = rule.goesByNames ? 0 : context.packing.texts.areBare ? OWNER_HEAD_BYTES : MAX_OWNER;
    this.#usesScripts = !context.connection.keysApart;
  }

  /** Look at keys in one round trip. Missing keys are left out. @param names keys without prefixes */
  async at(names: readonly string[]): Promise<ListedEntry[]> {
    if (names.length === 0) return [];
    const found = (await this.#byScripts(names)) ?? (await this.#byPipeline(names));
    return Promise.all(found.flatMap((entry) => (entry === undefined ? [] : [this.#sized(entry)])));
  }

  /** Undefined if scripts are refused. */
  async #byScripts(names: readonly string[]): Promise<ReadonlyArray<Looked | undefined> | undefined> {
    if (!this.#usesScripts) return undefined;
    const { connection, keys } = this.#context;
    const full = names.map((name) => keys.full(name));
    const wanted = { idle: this.#idle, values: this.#values, head: this.#head };
    const replies = await lookByScript(connection, full, wanted);
    this.#usesScripts = replies !== undefined;
    return replies?.map(({ idle, pttl, size, head }, index) =>
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
      // First, because the other commands may count as a use.
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

  /** How a key under the prefix is recognized as a lock. */
  lockOf(name: string, start: Buffer): DetectedBy | undefined {
    return this.#detect(name, ownerOf(this.#context.packing.texts, start.subarray(0, this.#head)));
  }

  #lockBy(name: string, head: Error | Reply | undefined): DetectedBy | undefined {
    return head instanceof WrongTypeError
      ? undefined
      : this.lockOf(name, head === undefined ? NOTHING : (given(head) as Buffer));
  }

  /** A key that holds no string has no length, so its memory size is used. */
  async #sized({ key, size, ...entry }: Looked): Promise<ListedEntry> {
    if (size !== undefined) return { key, size, ...entry };
    const [reply] = await this.#context.connection.batch([['MEMORY', 'USAGE', this.#context.keys.full(key)]]);
    return { key, size: (reply === undefined ? undefined : lengthOf(reply)) ?? 0, ...entry };
  }
}

const NOTHING = Buffer.alloc(0);

/** Undefined if the server records no idle times, because its eviction policy is LFU. */
function idleOf(reply: Error | Reply): number | undefined {
  if (reply instanceof RefusedError || reply === null) return undefined;
  return count(reply);
}

/** Undefined if the key holds no string or the command is refused. */
function lengthOf(reply: Error | Reply): number | undefined {
  if (reply instanceof WrongTypeError || reply instanceof RefusedError || reply === null) return undefined;
  return count(reply);
}

/** What to read of each key. */
interface Wanted {
  readonly idle: boolean;
  /** Whether the script may read values. If not, sizes are memory sizes. */
  readonly values: boolean;
  /** Bytes to read of each value; 0 if values may not be read. */
  readonly head: number;
}

/**
 * Lua: the commands of the pipeline in a quarter of its time. For each key: idle time (first, because the others may
 * count as a use), PTTL, size and head; empty if unknown.
 */
const LOOK = `local idle, values, head = ARGV[1] == '1', ARGV[2] == '1', tonumber(ARGV[3])
local found = {}
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
  local at = #found
  found[at + 1], found[at + 2], found[at + 3], found[at + 4] = tostring(unused), tostring(pttl), tostring(size), start
end
return found`;

/** The script's reply for one key; null if unknown. */
interface LookReply {
  readonly idle: Reply;
  readonly pttl: Reply;
  readonly size: Reply;
  readonly head: Buffer;
}

/**
 * Look at stored keys in one round trip, in their order.
 * @returns undefined if scripts are refused
 */
async function lookByScript(
  connection: Connection,
  full: readonly string[],
  { idle, values, head }: Wanted,
): Promise<readonly LookReply[] | undefined> {
  const steps = Array.from({ length: Math.ceil(full.length / STEP) }, (_, index) =>
    full.slice(index * STEP, (index + 1) * STEP),
  );
  const fixed = [idle ? 1 : 0, values ? 1 : 0, values ? head : 0];
  const replies = await connection.batch(steps.map((keys) => ['EVAL', LOOK, keys.length, ...keys, ...fixed]));
  if (replies.some((reply) => reply instanceof RefusedError)) return undefined;
  return replies.flatMap((reply) => lookReplies(bytesList(reply, 4)));
}

function lookReplies(fields: readonly Buffer[]): LookReply[] {
  const replies: LookReply[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [idle, pttl, size] = fields.slice(at, at + 3).map((field) => (field.length === 0 ? null : field.toString()));
    replies.push({ idle: idle!, pttl: pttl!, size: size!, head: fields[at + 3]! });
  }

  return replies;
}
