import type { MemcachedProfile, MemcachedServer } from '../../../profiles/profile.js';
import type { Finding } from '../../contract/store.js';
import type { Distribution } from './hashing.js';

import { counted, ok, warning } from '../../doctor/findings.js';
import { endpointText } from '../../network/endpoint.js';
import { oneAtATime, picker } from './hashing.js';

/** A key that a server listed. */
export interface Placed {
  /** With all prefixes. */
  readonly full: Buffer;
  /** The index of its server. */
  readonly server: number;
}

/** The settings that decide which server has a key. */
export type Placing = Distribution & Pick<MemcachedProfile, 'connectionPrefix' | 'prefix'>;

const SUBJECT = 'placement';

/** The number of keys to compare with each placement. */
const MAX_COMPARED = 300;

/** With fewer keys, many placements would fit by chance. */
const FEW = 12;

/** The share of keys that a placement must explain. Some keys always remain from an earlier one. */
const FITS = 0.9;

/**
 * Check whether the keys of a pool are where the profile looks for them. If not, name the server order, distribution
 * or prefix that would find them. Undefined for a single server.
 */
export function placementFinding(placed: readonly Placed[], placing: Placing): Finding | undefined {
  if (placing.servers.length < 2 || placed.length === 0) return undefined;
  const right = placed.filter(({ full, server }) => pickerOf(placing)(full) === server).length;
  const all = counted(placed.length, 'key', 'keys');
  if (right === placed.length) return ok(SUBJECT, `${all} found on the servers where the profile expects them`);
  const misplaced = placed.length - right;
  const message = `${misplaced.toLocaleString('en')} of ${all} are not on the servers where the profile expects them: they read as misses, and locks there exclude no one`;
  const better = right / placed.length >= FITS ? undefined : fitting(placed, placing);
  if (better !== undefined) return { subject: SUBJECT, state: 'fault', message, hint: `This matches: ${better}` };
  if (right / placed.length >= FITS) {
    const hint = 'They may come from earlier settings or another client. Entries with a TTL expire on their own.';
    return warning(SUBJECT, message, hint);
  }

  return { subject: SUBJECT, state: 'fault', message, hint: placed.length < FEW ? FEW_HINT : NONE_HINT };
}

const FEW_HINT =
  'Compare servers (their order and names), distribution and connectionPrefix with the application. There are too few keys for a suggestion.';

const NONE_HINT =
  'No order or distribution matches. Check that all servers are listed, with the names and weights of the application.';

function pickerOf({ connectionPrefix = '', ...distribution }: Placing): (full: Buffer) => number {
  const [pick, cut] = [picker(distribution), Buffer.byteLength(connectionPrefix)];
  return (full) => pick(full.subarray(cut));
}

/** The placement that fits, in terms of a profile, the most similar ones first. Undefined if none fits. */
function fitting(placed: readonly Placed[], placing: Placing): string | undefined {
  if (placed.length < FEW) return undefined;
  const step = Math.ceil(placed.length / MAX_COMPARED);
  const sample = placed.filter((_, index) => index % step === 0);
  const least = sample.length * FITS;
  for (const head of headsOf(placing)) {
    const cut = sample.map(({ full, server }) => ({ full: full.subarray(Buffer.byteLength(head)), server }));
    const order = orderOf(cut, placing.servers.length, least);
    if (order !== undefined)
      return changesText({ ...placing, distribution: 'modulo', servers: ordered(placing, order) }, head, placing);
    for (const way of ringsOf(placing.servers)) {
      const pick = picker(way);
      if (cut.filter(({ full, server }) => pick(full) === server).length >= least)
        return changesText(way, head, placing);
    }
  }

  return undefined;
}

/** Prefixes that the hash may skip: the profile's, none, and each beginning of the prefixes. */
function headsOf({ connectionPrefix = '', prefix }: Placing): readonly string[] {
  const whole = connectionPrefix + prefix;
  const heads = Array.from(whole, (_, index) => whole.slice(0, index + 1));
  // A prefix more likely ends at a word boundary.
  const [atEnds, within] = [heads.filter((head) => /[\W_]$/.test(head)), heads.filter((head) => !/[\W_]$/.test(head))];
  return [...new Set([connectionPrefix, '', ...atEnds.reverse(), ...within.reverse()])];
}

/**
 * The server order by which `modulo` places the keys: each remainder belongs to the server with most of its keys.
 * Undefined if that holds for fewer than `least` keys.
 */
function orderOf(placed: readonly Placed[], servers: number, least: number): readonly number[] | undefined {
  const counts = Array.from({ length: servers }, () => Array.from({ length: servers }, () => 0));
  for (const { full, server } of placed) counts[oneAtATime(full) % servers]![server]!++;
  const order = counts.map((row) => row.indexOf(Math.max(...row)));
  const right = order.reduce((sum, server, remainder) => sum + counts[remainder]![server]!, 0);
  return new Set(order).size === servers && right >= least ? order : undefined;
}

function ordered({ servers }: Placing, order: readonly number[]): readonly MemcachedServer[] {
  return order.map((index) => servers[index]!);
}

/** Rings depend on weights, not on the order of servers. Laravel's weights are 100. */
function ringsOf(servers: readonly MemcachedServer[]): readonly Distribution[] {
  const weighing = [servers, ...[1, 100].map((weight) => servers.map((server) => ({ ...server, weight })))];
  return weighing.flatMap((some): Distribution[] => [
    { distribution: 'ketama', servers: some },
    { distribution: 'consistent', servers: some },
  ]);
}

/** The change to the profile, as its author would write it. */
function changesText(way: Distribution, head: string, now: Placing): string {
  const changes = [];
  if (way.distribution !== now.distribution) changes.push(`distribution: ${way.distribution}`);
  const servers = listOf(way, way.distribution);
  if (servers !== listOf(now, way.distribution)) changes.push(`servers: ${servers}`);
  if (head !== (now.connectionPrefix ?? '')) {
    const whole = (now.connectionPrefix ?? '') + now.prefix;
    changes.push(`connectionPrefix: "${head}"`, `prefix: "${whole.slice(head.length)}"`);
  }

  return changes.join(', ');
}

/** As in a profile; with weights if they matter. */
function listOf({ servers }: Distribution, distribution: Distribution['distribution']): string {
  const texts = servers.map((server) => {
    const place = endpointText(server);
    if (distribution === 'modulo' || server.weight === 1) return place;
    return 'socket' in server ? `${place}:0:${server.weight}` : `${place}:${server.weight}`;
  });
  return `[${texts.join(', ')}]`;
}
