import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { Command } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { GuardedChange } from '../guarded-key.js';
import type { Texts } from '../packing.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { bytes, count, isGone, leftOf, ttlOf } from '../client/replies.js';
import { wrongType } from '../errors.js';
import { changeGuarded, checkOwnership } from '../guarded-key.js';
import { releaseChannel, startWaiting, waitersFor } from './waiting.js';

/**
 * Lua: compare and delete in one step, so that a lock which has expired and belongs to another owner stays. Then wake
 * the waiters, if the user may publish.
 */
const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('PUBLISH', ARGV[2], '')
return 1`;

/** Lua: ARGV[2] is PERSIST, or EXPIRE or PEXPIRE with ARGV[3]. */
const REFRESH = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call(ARGV[2], KEYS[1], ARGV[3]) else redis.call(ARGV[2], KEYS[1]) end
return 1`;

/** A lock as Laravel stores it: a key under the prefixes that holds the owner, bare unless phpredis packs it. */
export class RedisLock implements Lock {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #key: string;
  readonly #texts: Texts;

  constructor({ lockConnection, keys, packing }: RedisContext, name: string) {
    this.#connection = lockConnection;
    this.#name = name;
    this.#key = keys.full(name);
    this.#texts = packing.texts;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    await checkOwnership(this.#connection, this.#key);
    const expiry = ttl === null ? [] : Number.isInteger(ttl) ? ['EX', ttl] : ['PX', millisecondsOf(ttl)];
    return (await this.#connection.call('SET', this.#key, this.#texts.pack(owner), ...expiry, 'NX')) !== null;
  }

  async release(owner: string): Promise<boolean> {
    const channel = releaseChannel(this.#key);
    return this.#change(owner, {
      script: RELEASE,
      args: [channel],
      commands: [['DEL', this.#key]],
      afterwards: ['PUBLISH', channel, ''],
    });
  }

  async forceRelease(): Promise<boolean> {
    const [removed] = await this.#connection.batch([
      ['DEL', this.#key],
      ['PUBLISH', releaseChannel(this.#key), ''],
    ]);
    return count(removed!) === 1;
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const [name, ...time] = expiryCommand(ttl);
    return this.#change(owner, { script: REFRESH, args: [name, ...time], commands: [[name, this.#key, ...time]] });
  }

  async holder(): Promise<LockHolder | undefined> {
    const [owner, pttl] = await this.#connection.batch([
      ['GET', this.#key],
      ['PTTL', this.#key],
    ]);
    if (owner instanceof WrongTypeError) throw await this.#wrongType();
    const held = bytes(owner!);
    // It expired between the two commands.
    if (held === null || isGone(pttl!)) return undefined;
    return { owner: ownerOf(this.#texts, held), ttl: ttlOf(pttl!), ...leftOf(pttl!) };
  }

  async waiters(): Promise<readonly Waiter[]> {
    return waitersFor(this.#connection, this.#key);
  }

  async startWaiting(owner: string): Promise<Waiting> {
    return startWaiting(this.#connection, this.#key, owner);
  }

  async #change(owner: string, change: Omit<GuardedChange, 'expected' | 'key'>): Promise<boolean> {
    try {
      const packed = this.#texts.pack(owner);
      const guarded = { ...change, key: this.#key };
      if (await changeGuarded(this.#connection, { ...guarded, expected: packed })) return true;
      const held = this.#texts.areBare ? null : bytes(await this.#connection.call('GET', this.#key));
      // Another compressor or compression level produces other bytes for the same owner.
      if (held === null || held.equals(packed) || ownerOf(this.#texts, held) !== owner) return false;
      return await changeGuarded(this.#connection, { ...guarded, expected: held });
    } catch (error) {
      throw error instanceof WrongTypeError ? await this.#wrongType() : error;
    }
  }

  async #wrongType(): Promise<WrongTypeError> {
    return wrongType(this.#name, String(await this.#connection.call('TYPE', this.#key)));
  }
}

/** Laravel uses EXPIRE, so whole seconds do as well. */
function expiryCommand(ttl: Ttl): Command {
  if (ttl === null) return ['PERSIST'];
  return Number.isInteger(ttl) ? ['EXPIRE', ttl] : ['PEXPIRE', millisecondsOf(ttl)];
}

function millisecondsOf(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** The owner as text. If it cannot be unpacked, the stored bytes. */
export function ownerOf(texts: Texts, held: Buffer): string {
  try {
    return keyFromBytes(texts.unpack(held));
  } catch (error) {
    if (error instanceof UndecodableError) return keyFromBytes(held);
    throw error;
  }
}
