import type { Command, Node, Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { RefusedError, UnreachableError } from '../../errors.js';
import { bytes, count, given } from './client/replies.js';
import { answerOf, isUnavailable } from './errors.js';

/** A compare-and-change of one key, in one atomic step. */
export interface GuardedChange {
  /** The stored key. */
  readonly key: string;
  readonly expected: Buffer;
  /** Lua: KEYS[1] is the key, ARGV[1] is `expected`. Returns 1 if it made the change. */
  readonly script: string;
  /** ARGV[2] and later. */
  readonly args?: ReadonlyArray<Buffer | number | string>;
  /** The same change without a script. */
  readonly commands: readonly Command[];
  /** A side effect of the script that may fail, as a command. */
  readonly afterwards?: Command;
}

/** Connections on which the server refused a script to this user. */
const WITHOUT_SCRIPTS = new WeakSet<Connection>();

/** Connections that may use a script or a transaction. */
const CHECKED = new WeakSet<Connection>();

/**
 * Make the change with a script, or with WATCH, MULTI and EXEC where scripts are refused (an ACL without `+@scripting`,
 * or EVAL renamed).
 * @returns whether the key held the expected value
 */
export async function changeGuarded(connection: Connection, change: GuardedChange): Promise<boolean> {
  const { key, expected, script, args = [], commands, afterwards } = change;
  if (!WITHOUT_SCRIPTS.has(connection)) {
    const [reply] = await connection.batch([['EVAL', script, 1, key, expected, ...args]]);
    if (!isUnavailable(reply)) return count(reply!) === 1;
    WITHOUT_SCRIPTS.add(connection);
  }

  const replies = await transact(connection, key, (held) => (held?.equals(expected) ? commands : undefined));
  if (replies !== undefined && afterwards !== undefined) await connection.batch([afterwards]);
  return replies !== undefined;
}

/**
 * Read a key and run the commands that `change` returns. Retries if the key changes in between. WATCH applies to a
 * whole connection, so a separate one is used.
 * @returns the replies; undefined if `change` returned none
 * @throws WrongTypeError if the key does not hold a string
 */
export async function transact(
  connection: Connection,
  key: string,
  change: (held: Buffer | null) => readonly Command[] | undefined,
): Promise<readonly Reply[] | undefined> {
  const node = await nodeOf(connection, key);
  return node.exclusively(async (session) => {
    for (;;) {
      await session.call('WATCH', key);
      const commands = change(bytes(await session.call('GET', key)));
      if (commands === undefined) return;
      const replies = await session.batch([['MULTI'], ...commands, ['EXEC']]);
      for (const reply of replies) given(reply);
      const done = replies.at(-1) as null | readonly Reply[];
      if (done !== null) return done.map((reply) => given(reply));
    }
  });
}

/** Whether the user may release and refresh a lock with a script. Redis 7 and later have acl_check_cmd. */
const MAY_CHANGE = `if redis.acl_check_cmd then
  for _, name in ipairs({'GET', 'DEL', 'EXPIRE'}) do
    if not redis.acl_check_cmd(name, KEYS[1]) then return redis.error_reply('NOPERM ' .. name .. ' is not allowed') end
  end
end
return 1`;

/**
 * Check, before a lock is acquired, that it can be released and refreshed. Changes nothing: the server checks
 * permissions when it queues a command, and the queue is discarded. Runs once per connection.
 * @throws RefusedError if neither a script nor a transaction is allowed
 */
export async function checkOwnership(connection: Connection, key: string): Promise<void> {
  if (CHECKED.has(connection)) return;
  const [reply] = await connection.batch([['EVAL', MAY_CHANGE, 1, key]]);
  if (isUnavailable(reply)) {
    WITHOUT_SCRIPTS.add(connection);
    await checkTransaction(connection, key, reply as Error);
  } else given(reply!);
  CHECKED.add(connection);
}

async function checkTransaction(connection: Connection, key: string, noScript: Error): Promise<void> {
  const node = await nodeOf(connection, key);
  await node.exclusively(async (session) => {
    const queued = [
      ['WATCH', key],
      ['MULTI'],
      ['EXEC'],
      ['MULTI'],
      ['GET', key],
      ['DEL', key],
      ['EXPIRE', key, 1],
    ] as const;
    for (const command of queued) {
      const [reply] = await session.batch([command]);
      if (isUnavailable(reply)) throw neitherWay(command[0], noScript);
      given(reply!);
    }
  });
}

function neitherWay(command: string, noScript: Error): RefusedError {
  return new RefusedError(
    `${noScript.message}; ${command} is not allowed either: the lock could not be renewed or released, so it was not acquired`,
    'Grant one of the two: ACL SETUSER NAME +eval, or +watch +multi +exec; both need +get +del +expire.',
    { cause: noScript },
  );
}

/** The server that holds a key: in a cluster, the primary that does not redirect with MOVED or ASK. */
async function nodeOf(connection: Connection, key: string): Promise<Node> {
  const nodes = await connection.nodes();
  if (!connection.isCluster) return nodes[0]!;
  for (const node of nodes) {
    const [reply] = await node.batch([['WATCH', key], ['UNWATCH']]);
    if (!/^(MOVED|ASK) /.test(answerOf(reply))) return node;
  }

  throw new UnreachableError(
    `${connection.location} has no primary for the slot of ${key}`,
    'The slot may be migrating: run the command again. To check: redis-cli --cluster check HOST:PORT',
  );
}
