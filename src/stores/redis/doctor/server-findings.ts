import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';

import { bytesText } from '../../../byte-text.js';
import { ageText, counted, ok, skipped, warning } from '../../doctor/findings.js';
import { configOf, infoOf } from '../stats/info.js';

/** What a profile stores on a server. */
export interface Holds {
  readonly entries: boolean;
  readonly locks: boolean;
}

type Info = ReadonlyMap<string, string>;

/** Check how a server is configured, and what that means for entries and locks. */
export async function* serverFindings(node: Node, holds: Holds): AsyncGenerator<Finding> {
  const info = await infoOf(node);
  if (info === undefined) {
    yield skipped('server', 'this user may not run INFO', 'An administrator can grant it: ACL SETUSER NAME +info');
    return;
  }

  yield version(info);
  yield* role(info, await configOf(node, 'min-replicas-to-write'), holds);
  yield memory(info, holds);
  yield persistence(info, { save: await configOf(node, 'save'), fsync: await configOf(node, 'appendfsync') }, holds);
}

function version(info: Info): Finding {
  const number = info.get('redis_version') ?? '';
  const name = nameOf(info);
  const message = `${name}, up for ${ageText(Number(info.get('uptime_in_seconds') ?? 0))}, ${counted(Number(info.get('connected_clients') ?? 0), 'client', 'clients')}`;
  const [major = 0, minor = 0] = number.split('.').map(Number);
  if (major < 4) return warning('server', message, 'forget and flush need UNLINK: upgrade to Redis 4.0 or later.');
  if (major < 6) return ok('server', `${message}; before 6.0 there are no ACL users: every client has full access`);
  if (major === 6 && minor < 2) return ok('server', `${message}; without GETDEL (6.2) pull uses a script`);
  return ok('server', message);
}

function nameOf(info: Info): string {
  const others = ['valkey', 'dragonfly'].find((name) => info.has(`${name}_version`));
  if (others !== undefined)
    return `${others} ${info.get(`${others}_version`)} (as redis ${info.get('redis_version') ?? '?'})`;
  const mode = info.get('redis_mode');
  return `redis ${info.get('redis_version') ?? '?'}${mode === 'cluster' ? ', of a cluster' : ''}`;
}

function* role(info: Info, least: string | undefined, { locks }: Holds): Generator<Finding> {
  if (info.get('role') === 'slave') {
    const primary = `${info.get('master_host')}:${info.get('master_port')}`;
    const link = info.get('master_link_status') === 'up' ? 'connected' : 'disconnected';
    const writes =
      info.get('slave_read_only') === '0' ? 'writes to it are overwritten by its primary' : 'it refuses writes';
    yield warning(
      'replication',
      `replica of ${primary} (${link}): ${writes}`,
      'Point the profile at the primary. For read access only: doctor --read-only',
    );
    return;
  }

  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (replicas === 0) return;
  const message = `primary with ${counted(replicas, 'replica', 'replicas')}`;
  if (!locks || (least !== undefined && least !== '0')) {
    yield ok(
      'replication',
      least === undefined || least === '0'
        ? message
        : `${message}; accepts writes while at least ${least} of them are connected`,
    );
    return;
  }

  yield ok(
    'replication',
    `${message}; replication is asynchronous, so a failover may lose a lock acquired just before`,
  );
}

function memory(info: Info, { entries, locks }: Holds): Finding {
  const used = Number(info.get('used_memory') ?? 0);
  const most = Number(info.get('maxmemory') ?? 0);
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  const evicted = Number(info.get('evicted_keys') ?? 0);
  const lost = evicted === 0 ? '' : `, ${counted(evicted, 'key', 'keys')} evicted since it started`;
  if (most === 0) {
    const message = `${bytesText(used)} used; maxmemory is not set: Redis can grow until the OS kills it${lost}`;
    return warning('memory', message, 'Set maxmemory and a maxmemory-policy.');
  }

  const share = `${bytesText(used)} of ${bytesText(most)} used (${Math.round((used / most) * 100)} %), ${policy}${lost}`;
  if (policy === 'noeviction') {
    const message = `${share}: when full, every write is refused, including those of the application`;
    if (!entries) return ok('memory', `${share}: locks are never evicted`);
    return warning(
      'memory',
      message,
      'For a cache, set maxmemory-policy allkeys-lru, and keep locks and queues on another server.',
    );
  }

  const danger = policy.startsWith('allkeys-')
    ? 'when full, any key may be evicted, including held locks and tag sets'
    : 'when full, keys with a TTL may be evicted, including held locks; locks and tag sets without a TTL stay';
  if (locks) {
    return warning(
      'memory',
      `${share}: ${danger}`,
      'Keep locks on a server that evicts nothing (locks: in the profile), or make sure that it never fills up.',
    );
  }

  return ok('memory', `${share}: when full, entries are evicted (locks are on another server)`);
}

interface Saving {
  readonly save: string | undefined;
  readonly fsync: string | undefined;
}

function persistence(info: Info, { save, fsync }: Saving, { locks }: Holds): Finding {
  const changes = Number(info.get('rdb_changes_since_last_save') ?? 0);
  const snapshot = `${counted(changes, 'change', 'changes')} since the last snapshot`;
  if (info.get('aof_enabled') === '1' && info.get('aof_last_write_status') === 'err') {
    return warning(
      'persistence',
      'the append-only file cannot be written',
      'Check its log and its disk: it will soon refuse writes.',
    );
  }

  if (save !== '' && info.get('rdb_last_bgsave_status') === 'err') {
    return warning(
      'persistence',
      `the last snapshot failed (${snapshot})`,
      'Check its log and its disk: it may refuse writes (MISCONF).',
    );
  }

  if (info.get('aof_enabled') === '1') {
    const loses =
      fsync === 'always'
        ? 'nothing'
        : fsync === 'no'
          ? 'what the OS has not written yet'
          : 'up to two seconds of writes';
    return ok('persistence', `append-only file: a crash loses ${loses}`);
  }

  const free = locks ? ', and releases the locks acquired since' : '';
  if (save === '')
    return ok('persistence', `none: a restart empties the server${locks ? ' and releases all locks' : ''}`);
  if (save === undefined)
    return ok('persistence', `snapshots, if enabled (${snapshot}): a crash loses everything after them${free}`);
  return ok('persistence', `snapshots (${snapshot}): a crash loses everything since the last one${free}`);
}
