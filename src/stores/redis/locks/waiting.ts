import type { Redis } from 'ioredis';

import { createHash } from 'node:crypto';

import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';

import { CachectlError } from '../../../errors.js';
import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { Bell } from '../../locks/bell.js';
import { MAX_PAUSE } from '../../locks/wait.js';
import { given } from '../client/replies.js';
import { translated } from '../errors.js';

/**
 * The fallback poll interval, in milliseconds, if the server announces every end of a lock. A message can still be
 * lost.
 */
const PAUSE_WHEN_NOTIFIED = 2000;

/**
 * The channel on which cachectl announces a release. Applications do not publish here, but Redis may send
 * notifications. @param key the stored key
 */
export function releaseChannel(key: string): string {
  return `cachectl:released:${key}`;
}

/**
 * Subscribe on every server that holds keys, on separate connections. The name of such a connection says who waits for
 * which lock; CLIENT LIST shows it while the connection is open. If subscribing is refused, waiting relies on polling.
 */
export async function startWaiting(connection: Connection, key: string, owner: string): Promise<Waiting> {
  const waiting = new RedisWaiting();
  try {
    const nodes = await connection.nodes();
    const areNotified = await Promise.all(nodes.map(async (node) => announcesEnds(node)));
    for (const node of nodes) waiting.add(await subscribe(node, connection, { key, owner }, () => waiting.ring()));
    if (!areNotified.includes(false)) waiting.longestPause = PAUSE_WHEN_NOTIFIED;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    // Polling works without notifications.
  }

  return waiting;
}

/** List the waiters that use cachectl. Applications do not name their connections. */
export async function waitersFor(connection: Connection, key: string): Promise<readonly Waiter[]> {
  const head = `${NAME_HEAD}${encoded(keyId(key))}:`;
  const waiters = new Map<string, Waiter>();
  for (const node of await connection.nodes()) {
    const list = String(given(await node.call('CLIENT', 'LIST', 'TYPE', 'pubsub')));
    for (const fields of list.split('\n').map((line) => fieldsOf(line))) {
      const name = fields.get('name') ?? '';
      if (name.startsWith(head)) waiters.set(name, waiterOf(fields, name.slice(head.length)));
    }
  }

  return [...waiters.values()];
}

class RedisWaiting implements Waiting {
  longestPause = MAX_PAUSE;
  isLost = false;
  readonly #subscribers: Redis[] = [];
  readonly #bell = new Bell();
  #isOver = false;

  add(subscriber: Redis): void {
    this.#subscribers.push(subscriber);
    subscriber.once('end', () => {
      if (this.#isOver) return;
      this.longestPause = MAX_PAUSE;
      this.isLost = true;
      this.ring();
    });
  }

  ring(): void {
    this.#bell.ring();
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    return this.#bell.rings(milliseconds, signal);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    for (const subscriber of this.#subscribers) subscriber.disconnect();
  }
}

interface WaitsFor {
  readonly key: string;
  readonly owner: string;
}

/** Notifications that end a lock. A key that is overwritten belongs to another holder. */
const ENDS: ReadonlySet<string> = new Set(['del', 'evicted', 'expired', 'move_from', 'rename_from']);

async function subscribe(
  node: Node,
  { database, location }: Connection,
  of: WaitsFor,
  ring: () => void,
): Promise<Redis> {
  const subscriber = await node.dedicated();
  const released = keyToBytes(releaseChannel(of.key));
  subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
    if (channel.equals(released) || ENDS.has(message.toString())) ring();
  });
  try {
    await subscriber.client('SETNAME', nameOf(of));
    await subscriber.subscribe(released, keyToBytes(`__keyspace@${database}__:${of.key}`));
    return subscriber;
  } catch (error) {
    subscriber.disconnect();
    throw translated(error, location);
  }
}

/** Whether the server announces every end of a key on the channel of that key. False if CONFIG is forbidden. */
async function announcesEnds(node: Node): Promise<boolean> {
  try {
    const reply = given(await node.call('CONFIG', 'GET', 'notify-keyspace-events')) as readonly unknown[];
    const flags = String(reply[1] ?? '');
    return flags.includes('K') && (flags.includes('A') || (flags.includes('g') && flags.includes('x')));
  } catch (error) {
    if (error instanceof CachectlError) return false;
    throw error;
  }
}

const NAME_HEAD = 'cachectl:waits:';

/** The name of a connection may not contain spaces. */
function nameOf({ key, owner }: WaitsFor): string {
  return `${NAME_HEAD}${encoded(keyId(key))}:${encoded(owner.slice(0, 300))}`;
}

/** Long keys would make long names. */
function keyId(key: string): string {
  return key.length <= 200 ? key : createHash('sha1').update(keyToBytes(key)).digest('hex');
}

function encoded(text: string): string {
  return keyToBytes(text).toString('base64url');
}

/** Parse `id=3 addr=127.0.0.1:40000 name=... age=12 ...`. */
export function fieldsOf(line: string): ReadonlyMap<string, string> {
  return new Map(
    line.split(' ').map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

function waiterOf(fields: ReadonlyMap<string, string>, owner: string): Waiter {
  const address = fields.get('addr');
  const age = Number(fields.get('age'));
  return {
    owner: keyFromBytes(Buffer.from(owner, 'base64url')),
    ...(address !== undefined && { address }),
    ...(Number.isFinite(age) && { since: new Date(Date.now() - age * 1000) }),
  };
}
