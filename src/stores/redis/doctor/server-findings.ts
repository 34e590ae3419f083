import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';

import { bytesText } from '../../../byte-text.js';
import { ageText, counted, ok, skipped, warning } from '../../doctor/findings.js';
import { configOf, infoOf } from '../stats/info.js';

/** What a server is there for, in a profile. */
export interface Holds {
  readonly entries: boolean;
  readonly locks: boolean;
}

type Info = ReadonlyMap<string, string>;

/** How a server is set up, and what that means for what it holds. */
export async function* serverFindings(node: Node, holds: Holds): AsyncGenerator<Finding> {
  const info = await infoOf(node);
  if (info === undefined) {
    yield skipped('server', 'this user may not ask how it is set up (INFO)', 'An administrator can grant it: +info.');
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
  if (major < 4)
    return warning('server', message, 'It knows no UNLINK, which forget and flush rest on: 4.0 or later is needed.');
  if (major < 6)
    return ok('server', `${message}; before 6.0 there are no users (ACL), and every client may do everything`);
  if (major === 6 && minor < 2) return ok('server', `${message}; before 6.2 pull takes a script, for want of GETDEL`);
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
    const link = info.get('master_link_status') === 'up' ? 'linked' : 'which it has lost';
    const writes =
      info.get('slave_read_only') === '0' ? 'writes here are lost with the next from there' : 'it takes no writes';
    yield warning(
      'replication',
      `it is a replica of ${primary}, ${link}; ${writes}`,
      'Point the profile at the primary; for looking only, doctor --read-only.',
    );
    return;
  }

  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (replicas === 0) return;
  const message = `it has ${counted(replicas, 'replica', 'replicas')}`;
  if (!locks || (least !== undefined && least !== '0')) {
    yield ok(
      'replication',
      least === undefined || least === '0' ? message : `${message}, and takes writes while ${least} of them follow`,
    );
    return;
  }

  yield ok('replication', `${message}, never quite up to date: a failover may lose a lock that was just taken`);
}

function memory(info: Info, { entries, locks }: Holds): Finding {
  const used = Number(info.get('used_memory') ?? 0);
  const most = Number(info.get('maxmemory') ?? 0);
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  const evicted = Number(info.get('evicted_keys') ?? 0);
  const lost = evicted === 0 ? '' : `, ${counted(evicted, 'key', 'keys')} evicted since it started`;
  if (most === 0) {
    const message = `${bytesText(used)} used, without a limit: it grows until the system ends it${lost}`;
    return warning('memory', message, 'Set maxmemory to what it may take, and maxmemory-policy to what is to go then.');
  }

  const share = `${bytesText(used)} of ${bytesText(most)} used (${Math.round((used / most) * 100)} %), ${policy}${lost}`;
  if (policy === 'noeviction') {
    const message = `${share}: when it is full, every write is refused, the application's too`;
    if (!entries) return ok('memory', `${share}: no lock is ever evicted`);
    return warning(
      'memory',
      message,
      'For a cache set maxmemory-policy allkeys-lru, with locks and queues on another server.',
    );
  }

  const danger = policy.startsWith('allkeys-')
    ? 'when it is full anything may go, locks that are held and the sets that say what carries a tag, too'
    : 'when it is full what has a ttl may go, locks that are held too; locks and tags without one stay';
  if (locks) {
    return warning(
      'memory',
      `${share}: ${danger}`,
      'Keep locks on a server that evicts nothing (locks: in the profile), or see that it never fills up.',
    );
  }

  return ok('memory', `${share}: when it is full, entries go (locks are elsewhere)`);
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
      'Look at its log and its disk: soon it refuses writes.',
    );
  }

  if (save !== '' && info.get('rdb_last_bgsave_status') === 'err') {
    return warning(
      'persistence',
      `the last snapshot failed (${snapshot})`,
      'Look at its log and its disk: it may refuse writes (MISCONF).',
    );
  }

  if (info.get('aof_enabled') === '1') {
    const loses =
      fsync === 'always'
        ? 'nothing'
        : fsync === 'no'
          ? 'what the system had not written yet'
          : 'at most a second or two';
    return ok('persistence', `append-only file: a crash loses ${loses}`);
  }

  const free = locks ? ', and locks that were taken since are free then' : '';
  if (save === '') return ok('persistence', `none: a restart empties it${locks ? ', and frees every lock' : ''}`);
  if (save === undefined)
    return ok('persistence', `snapshots, if any are switched on (${snapshot}): a crash loses the rest${free}`);
  return ok('persistence', `snapshots (${snapshot}): a crash loses what came after the last one${free}`);
}
