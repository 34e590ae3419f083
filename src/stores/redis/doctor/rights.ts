import type { Redis } from 'ioredis';

import type { Finding } from '../../contract/store.js';
import type { Command, Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { CachectlError, RefusedError, TimeoutError, UnreachableError } from '../../../errors.js';
import { failed, ok, warning } from '../../doctor/findings.js';
import { answerOf, isUnavailable, translated } from '../errors.js';
import { MonitorConnection } from '../events/monitor-connection.js';
import { releaseChannel } from '../locks/waiting.js';

/** The permissions that a command of cachectl needs. */
interface Need {
  /** As typed: `flush`. */
  readonly command: string;
  /** All of these are needed. */
  readonly commands: readonly string[];
}

const NEEDS: readonly Need[] = [
  { command: 'get', commands: ['GET', 'PTTL'] },
  { command: 'inspect', commands: ['GET', 'PTTL', 'TYPE'] },
  { command: 'put, add', commands: ['SET'] },
  { command: 'put --tags', commands: ['SET', 'ZADD'] },
  { command: 'increment', commands: ['INCRBY'] },
  { command: 'touch', commands: ['EXPIRE', 'PERSIST', 'EXISTS'] },
  { command: 'forget', commands: ['UNLINK'] },
  { command: 'pull', commands: ['PTTL', 'GETDEL'] },
  { command: 'keys, stats', commands: ['SCAN', 'TYPE'] },
  { command: 'export, copy', commands: ['SCAN', 'GET', 'PTTL', 'STRLEN', 'GETRANGE'] },
  { command: 'import', commands: ['SET'] },
  { command: 'remember', commands: ['GET', 'PTTL', 'SET', 'EVAL', 'DEL', 'EXPIRE'] },
  { command: 'flush', commands: ['SCAN', 'UNLINK', 'GETRANGE'] },
  { command: 'flush --all', commands: ['FLUSHDB'] },
  { command: 'tags:flush', commands: ['ZRANGE', 'UNLINK', 'ZREM'] },
  { command: 'lock:release, lock:refresh, lock:run', commands: ['EVAL', 'GET', 'DEL', 'EXPIRE', 'PERSIST'] },
  { command: 'lock:list', commands: ['SCAN', 'GETRANGE', 'PTTL'] },
  { command: 'lock:show (who waits)', commands: ['CLIENT'] },
  { command: 'events:tail', commands: ['SUBSCRIBE'] },
  { command: 'events:tail --enable', commands: ['CONFIG'] },
  { command: 'events:tail --source monitor, lock:watch', commands: ['MONITOR'] },
];

/** Why a command is refused: the command, its keys or its channels; or the server does not know it. */
type Refusal = 'channel' | 'command' | 'key' | 'unknown';

/**
 * Find the cachectl commands that the user may not run. Servers check permissions when a transaction queues a command,
 * so a discarded transaction reveals them without side effects. Without MULTI each command runs, with arguments that
 * change nothing.
 */
export async function* rights({ connection, keys, prefix }: RedisContext, user: string): AsyncGenerator<Finding> {
  const scratch = keys.full('cachectl:doctor');
  const [node] = await connection.nodes();
  const refusals = await refusalsOf(node!, connection, scratch);
  const isKeyRefused = [...refusals.values()].includes('key');
  if (isKeyRefused) {
    const where = prefix === keys.prefix ? 'prefix' : 'prefix and connectionPrefix';
    const hint = `Check ${where} in the profile, or have access granted: ACL SETUSER ${user} ~${keys.prefix}*`;
    yield failed('permissions', new RefusedError(`user ${user} has no access to keys such as ${scratch}`, hint));
  }

  // A script can replace GETDEL.
  if (!refusals.has('EVAL')) refusals.delete('GETDEL');
  const lacking = [...refusals].filter(([, refusal]) => refusal !== 'key').map(([name]) => name);
  const unable = NEEDS.flatMap(({ command, commands }) => {
    const without = commands.filter((name) => lacking.includes(name));
    return without.length === 0 ? [] : [`${command} (${without.join(', ')})`];
  });
  if (unable.length > 0) {
    const grants = lacking.map((name) => (refusals.get(name) === 'channel' ? '&*' : `+${name.toLowerCase()}`));
    const isKnown = lacking.some((name) => refusals.get(name) !== 'unknown');
    yield warning(
      'permissions',
      `user ${user} may not ${unable.join('; ')}`,
      isKnown
        ? `An administrator can grant what you need: ACL SETUSER ${user} ${[...new Set(grants)].join(' ')}`
        : 'The server does not know these commands: it is too old, a proxy, or renames them (rename-command).',
    );
  } else if (!isKeyRefused) yield ok('permissions', `user ${user} may run every command that cachectl uses`);
}

/** Keyed by Redis command. */
async function refusalsOf(node: Node, connection: Connection, scratch: string): Promise<Map<string, Refusal>> {
  const control = await node.dedicated();
  try {
    const refusals = await refusedOf(control, connection, scratch);
    const heard = await refusalOf(control.subscribe(`__keyevent@${connection.database}__:cachectl`), connection);
    if (heard !== undefined) refusals.set('SUBSCRIBE', heard);
    const watched = await refusalOf(openMonitor(connection, node), connection);
    if (watched !== undefined) refusals.set('MONITOR', watched);
    return refusals;
  } finally {
    control.disconnect();
  }
}

/** Commands that change nothing even if they run: they use keys that do not exist and invalid numbers. */
function commandsOn(key: string): readonly Command[] {
  return [
    ['GET', key],
    ['PTTL', key],
    ['TYPE', key],
    ['STRLEN', key],
    ['SET', key, '', 'EX', '0'],
    ['ZADD', key, 'none', ''],
    ['INCRBY', key, 'none'],
    ['EXPIRE', key, '60'],
    ['PERSIST', key],
    ['EXISTS', key],
    ['UNLINK', key],
    ['DEL', key],
    ['GETDEL', key],
    ['GETRANGE', key, '0', '0'],
    ['ZRANGE', key, '0', '0'],
    ['ZREM', key, ''],
    ['SCAN', '0', 'COUNT', '1'],
    ['EVAL', 'return 0', '1', key],
    ['PUBLISH', releaseChannel(key), ''],
    ['CLIENT', 'LIST', 'TYPE', 'pubsub'],
    ['CONFIG', 'SET', 'cachectl-none', ''],
  ];
}

/** Never run directly: another server might ignore the invalid option. */
const ONLY_QUEUED: readonly Command[] = [['FLUSHDB', 'NONE']];

async function refusedOf(control: Redis, connection: Connection, scratch: string): Promise<Map<string, Refusal>> {
  // Not queued: every server refuses WATCH within a transaction.
  const canWatch = (await refusalOf(control.call('WATCH', scratch), connection)) === undefined;
  // Sent alone: if it were refused in a write with the other commands, the server would run those.
  const canQueue = (await refusalOf(control.call('MULTI'), connection)) === undefined;
  const commands = [...commandsOn(scratch), ...(canQueue ? ONLY_QUEUED : [])];
  const replies = await Promise.all(
    commands.map(async ([name, ...args]) => refusalOf(control.call(name, ...args), connection)),
  );
  if (canQueue) {
    await control.call('DISCARD').catch(() => {
      // Closing the connection discards it.
    });
  }

  const refusals = new Map(
    replies.flatMap((refusal, index) => (refusal === undefined ? [] : [[commands[index]![0], refusal] as const])),
  );
  // Without scripts, locks and counters use transactions.
  if (canWatch && canQueue) refusals.delete('EVAL');
  return refusals;
}

async function openMonitor(connection: Connection, node: Node): Promise<void> {
  const monitor = await MonitorConnection.open(connection, node, { signal: new AbortController().signal });
  monitor.close();
}

/** @throws connection errors */
async function refusalOf(answer: Promise<unknown>, { location }: Connection): Promise<Refusal | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    const known = error instanceof CachectlError ? error : translated(error, location);
    if (known instanceof TimeoutError || known instanceof UnreachableError) throw known;
    if (!isUnavailable(known)) return undefined;

    const words = answerOf(known);
    if (/unknown command/i.test(words)) return 'unknown';
    if (/\bchannel/.test(words)) return 'channel';
    return /\bkeys?\b/.test(words) ? 'key' : 'command';
  }
}
