import { createHash } from 'node:crypto';

import type { MemcachedProfile, MemcachedServer } from '../../../profiles/profile.js';

/** Returns the index of the server for a full key. */
export type Picker = (key: Buffer) => number;

/** The settings that decide which server has a key. */
export type Distribution = Pick<MemcachedProfile, 'distribution' | 'servers'>;

/** Chooses servers like php-memcached and libmemcached, so that keys are where the application looks. */
export function picker({ servers, distribution }: Distribution): Picker {
  if (servers.length === 1) return () => 0;
  switch (distribution) {
    case 'consistent': {
      return onRing(consistentRing(servers), oneAtATime);
    }

    case 'ketama': {
      return onRing(weightedRing(servers), md5);
    }

    case 'modulo': {
      return (key) => oneAtATime(key) % servers.length;
    }
  }
}

/** Jenkins's one-at-a-time, unsigned. libhashkit adds bytes as C's signed `char`, so those above 127 count negative. */
export function oneAtATime(key: Buffer): number {
  let hash = 0;
  for (const byte of key) {
    hash = (hash + (byte < 128 ? byte : byte - 256)) >>> 0;
    hash = (hash + (hash << 10)) >>> 0;
    hash ^= hash >>> 6;
  }

  hash = (hash + (hash << 3)) >>> 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}

/** The names of points omit the default port. */
const DEFAULT_PORT = 11_211;

/** Points of a server in a weighted ring if all weights are equal. An MD5 yields four. */
const POINTS = 160;
const POINTS_PER_HASH = 4;

/** A position on the 32-bit ring. Its server has the keys from the previous point up to it. */
interface Point {
  readonly value: number;
  readonly server: number;
}

/** Points of a server in an unweighted ring. */
const PLAIN_POINTS = 100;

type Ring = readonly Point[];

/** The ring of libmemcached's KETAMA_WEIGHTED, which is php-memcached's OPT_LIBKETAMA_COMPATIBLE. */
function weightedRing(servers: readonly MemcachedServer[]): Ring {
  return sorted(servers.flatMap((server, index) => pointsOf(server, index, shareOf(server, servers))));
}

/**
 * The ring of php-memcached's DISTRIBUTION_CONSISTENT without OPT_LIBKETAMA_COMPATIBLE. If any server has a weight
 * above 1, libmemcached uses the weighted ring, with points hashed by MD5.
 */
function consistentRing(servers: readonly MemcachedServer[]): Ring {
  if (servers.some(({ weight }) => weight > 1)) return weightedRing(servers);
  return sorted(
    servers.flatMap((each, server) =>
      Array.from({ length: PLAIN_POINTS }, (_, number) => ({
        value: oneAtATime(Buffer.from(`${nameOf(each)}-${number}`)),
        server,
      })),
    ),
  );
}

function sorted(points: Point[]): Ring {
  return points.sort((a, b) => a.value - b.value);
}

function onRing(points: Ring, hash: (key: Buffer) => number): Picker {
  return (key) => (points[firstFrom(points, hash(key))] ?? points[0]!).server;
}

function md5(key: Buffer): number {
  return createHash('md5').update(key).digest().readUInt32LE(0);
}

/** The number of hashes of a server, computed with 32-bit floats like libmemcached. */
function shareOf({ weight }: MemcachedServer, servers: readonly MemcachedServer[]): number {
  const total = servers.reduce((sum, server) => sum + server.weight, 0);
  const percentage = Math.fround(Math.fround(weight) / Math.fround(total));
  const share = Math.fround(Math.fround(Math.fround(percentage * POINTS) / POINTS_PER_HASH) * servers.length);
  return Math.floor(Math.fround(share + Math.fround(1e-10)));
}

function pointsOf(each: MemcachedServer, server: number, hashes: number): Point[] {
  const name = nameOf(each);
  return Array.from({ length: hashes }, (_, number) => createHash('md5').update(`${name}-${number}`).digest()).flatMap(
    (digest) => [0, 4, 8, 12].map((at) => ({ value: digest.readUInt32LE(at), server })),
  );
}

/** The name in the ring. A socket has only its path, since php-memcached's addServer gives it the default port. */
function nameOf(server: MemcachedServer): string {
  if ('socket' in server) return server.socket;
  return server.port === DEFAULT_PORT ? server.host : `${server.host}:${server.port}`;
}

/** The index of the first point that is not before `hash`. */
function firstFrom(points: readonly Point[], hash: number): number {
  let left = 0;
  let right = points.length;
  while (left < right) {
    const middle = (left + right) >>> 1;
    if (points[middle]!.value < hash) left = middle + 1;
    else right = middle;
  }

  return left;
}
