import type { MemcachedProfile } from '../../../profiles/profile.js';
import type { Finding, Reading } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Node } from '../protocol/node.js';

import { bytesText } from '../../../byte-text.js';
import { CachectlError } from '../../../errors.js';
import { clockFinding } from '../../doctor/clock-skew.js';
import { ageText, counted, ok, skipped, warning } from '../../doctor/findings.js';
import { prefixFinding } from '../../doctor/prefix-guess.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { contentsFinding, inPortions } from '../../listing/sampled-contents.js';
import { isLaravelLockName } from '../../locks/names.js';
import { Watch } from '../events/watch.js';
import { isNameable, isTagIdKey } from '../keys.js';
import { firstKeys } from '../listing/first-keys.js';
import { ClassicNode } from '../protocol/classic-node.js';
import { MetaNode } from '../protocol/meta-node.js';
import { type Placed, placementFinding } from '../protocol/placement.js';

/** Servers with more items are not listed: a dump holds the server's internal locks. */
const LISTED_UP_TO = 200_000;

type Stats = ReadonlyMap<string, string>;

/** Check each server's set-up, and whether its content matches the profile. */
export async function* diagnose(context: MemcachedContext): AsyncGenerator<Finding> {
  const { nodes, profile } = context.connection;
  yield* weights(profile);
  for (const node of nodes) {
    for await (const finding of serverFindings(node)) {
      const place = node.location.replace('memcached ', '');
      yield nodes.length === 1 ? finding : { ...finding, subject: `${finding.subject} of ${place}` };
    }
  }

  yield ok('persistence', 'none: a restart empties the server and releases all locks');
  yield* contents(context);
}

function* weights({ distribution, servers }: MemcachedProfile): Generator<Finding> {
  if (distribution !== 'modulo' || new Set(servers.map(({ weight }) => weight)).size < 2) return;
  const hint = 'Set distribution: ketama or consistent if the application does. Otherwise remove the weights.';
  yield warning('weights', 'the servers have different weights, which distribution: modulo ignores', hint);
}

async function* serverFindings(node: Node): AsyncGenerator<Finding> {
  if (node instanceof ClassicNode && !(node instanceof MetaNode)) {
    yield skipped('server', 'protocol: classic does not reveal the servers behind a proxy');
    yield* permissions(node);
    return;
  }

  const stats = await node.stats('');
  const settings = await settingsOf(node);
  const number = (name: string): number => Number(stats.get(name) ?? 0);
  yield ok(
    'server',
    `memcached ${stats.get('version') ?? '?'}, up for ${ageText(number('uptime'))}, ${counted(number('curr_connections'), 'connection', 'connections')} of ${number('max_connections').toLocaleString('en')}, ${counted(number('curr_items'), 'item', 'items')}`,
  );
  yield memory(stats, settings);
  yield* abilities(node, settings);
  yield* permissions(node, settings);
  yield await clockFinding(
    async () => ({ at: Number((await node.stats('')).get('time')) * 1000, precisionMs: 1000 }),
    'the client that writes an entry sets its expiry, the server enforces it',
  );
}

/** Undefined if they are unavailable. */
async function settingsOf(node: Node): Promise<Stats | undefined> {
  try {
    return await node.stats('settings');
  } catch (error) {
    if (error instanceof CachectlError) return undefined;
    throw error;
  }
}

function memory(stats: Stats, settings: Stats | undefined): Finding {
  const [used, most, evicted] = ['bytes', 'limit_maxbytes', 'evictions'].map((name) => Number(stats.get(name) ?? 0));
  const share = `${bytesText(used!)} of ${bytesText(most!)} used`;
  if (settings?.get('evictions') === 'off') {
    const hint = 'For a cache, start it without -M.';
    return warning('memory', `${share}; evictions are off (-M): when full, it refuses every write`, hint);
  }

  const largest = Number(settings?.get('item_size_max') ?? 0);
  const limit = largest > 0 ? `; maximum item size ${bytesText(largest)}` : '';
  const rule = 'when full, it evicts the least recently used items, including held locks';
  if (evicted === 0) return ok('memory', `${share}, nothing evicted yet: ${rule}${limit}`);
  return warning(
    'memory',
    `${share}, ${counted(evicted!, 'item', 'items')} evicted since it started: ${rule}${limit}`,
    'Give it more memory (-m), or shorten TTLs. Keep important locks elsewhere.',
  );
}

function* abilities(node: Node, settings: Stats | undefined): Generator<Finding> {
  if (settings === undefined) return;
  if (settings.get('cas_enabled') === 'no') {
    yield {
      subject: 'compare-and-swap',
      state: 'fault',
      message: `${node.location} runs with -C, so locks, counting and pull are refused`,
      hint: 'Start it without -C.',
    };
  }

  if (settings.get('flush_enabled') === 'no') {
    yield ok('flush --all', 'disabled on the server (-F); flush by prefix works');
  }
}

async function* permissions(node: Node, settings?: Stats): AsyncGenerator<Finding> {
  const subject = 'permissions';
  if (!(node instanceof MetaNode)) {
    const message =
      'without meta commands (SASL or a proxy), these are unavailable: keys, export, copy from it, flush by prefix, tags:list, lock:list, events:tail, top';
    yield skipped(subject, message, 'To use them, connect to the servers directly, without SASL.');
    return;
  }

  const lacking = [];
  if (settings?.get('dump_enabled') === 'no') lacking.push('listing keys (-X): keys, flush, lock:list, export');
  if (settings?.get('lru_crawler') === 'no')
    lacking.push('listing keys (no_lru_crawler): keys, flush, lock:list, export');
  if (!(await mayWatch(node))) lacking.push('watching (-W): events:tail, top, lock:watch');
  if (lacking.length === 0) yield ok(subject, 'keys can be listed and events watched');
  else {
    const hint = 'Start it without that option. tags:flush and flush --all work regardless.';
    yield warning(subject, `the server does not allow ${lacking.join('; ')}`, hint);
  }
}

async function mayWatch(node: MetaNode): Promise<boolean> {
  try {
    const ignore = { onLine() {}, onDropped() {}, fail() {} };
    const watch = await Watch.open(node, ['mutations'], ignore);
    watch.end();
    return true;
  } catch (error) {
    if (error instanceof CachectlError && error.code === 'refused') return false;
    throw error;
  }
}

async function* contents(context: MemcachedContext): AsyncGenerator<Finding> {
  const { connection, keys } = context;
  if (connection.metaNodes.length === 0) return;
  const ours: Placed[] = [];
  const others: Buffer[] = [];
  let isAll = true;
  for (const [server, node] of connection.metaNodes.entries()) {
    const found = (await node.count()) > LISTED_UP_TO ? undefined : await firstKeys(node, context);
    if (found === undefined) {
      isAll = false;
      continue;
    }

    ours.push(...found.ours.map((full) => ({ full, server })));
    others.push(...found.others);
    isAll &&= found.isAll;
  }

  if (ours.length + others.length === 0 && !isAll) {
    const many = LISTED_UP_TO.toLocaleString('en');
    yield skipped('prefix', `no keys checked: there are more than ${many}, or listing is not allowed`);
    return;
  }

  const text = (all: readonly Buffer[]): string[] => all.map((full) => keyFromBytes(full));
  const sample = { ours: text(ours.map(({ full }) => full)), others: text(others), isAll };
  const { connectionPrefix = '' } = connection.profile;
  yield prefixFinding(sample, { connectionPrefix, prefix: connection.profile.prefix });
  const placement = placementFinding(ours, connection.profile);
  if (placement) yield placement;
  yield* unreadableKeys(ours, connection.profile);
  const entries = ours.filter(({ full }) => !isTagIdKey(keys.short(full)) && !isLaravelLockName(keys.short(full)));
  // The flags of an item name its format, so nothing has to be guessed.
  const portions = inPortions(entries, async (some) => readingsOf(context, some));
  yield await contentsFinding(portions, async () => []);
}

/** Read from the servers that listed the keys, even if the profile would look elsewhere. */
async function readingsOf(
  { connection, values }: MemcachedContext,
  entries: readonly Placed[],
): Promise<readonly Reading[]> {
  const readings = connection.metaNodes.map(async (node, index) => {
    const here = entries.filter(({ full, server }) => server === index && isNameable(full));
    const items = await node.read(here.map(({ full }) => full));
    return Promise.all(
      items.map(async (item): Promise<Reading> =>
        item === undefined || item instanceof Error ? item : values.entry(item),
      ),
    );
  });
  return (await Promise.all(readings)).flat();
}

/** Keys that php-memcached cannot request in the text protocol. */
function* unreadableKeys(ours: readonly Placed[], { codec, unicodeKeys }: MemcachedProfile): Generator<Finding> {
  if (codec !== 'php' || unicodeKeys === true) return;
  const odd = ours.filter(({ full }) => full.some((byte) => byte > LAST_ASCII));
  if (odd.length === 0) return;
  yield warning(
    'keys',
    `${counted(odd.length, 'key is', 'keys are')} not ASCII, which php-memcached cannot read over the text protocol`,
    'If the application reads them (OPT_BINARY_PROTOCOL), set unicodeKeys: true. Otherwise remove them.',
  );
}

const LAST_ASCII = 0x7e;
