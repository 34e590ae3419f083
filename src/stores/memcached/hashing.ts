import { createHash } from 'node:crypto';

import type { MemcachedProfile, MemcachedServer } from '../../profiles/profile.js';

/** The index of the server that a full key lives on. */
export type Picker = (key: Buffer) => number;

/** Chooses as php-memcached (libmemcached below it) does, so that keys land where the application looks. */
export function picker({ servers, distribution }: Pick<MemcachedProfile, 'distribution' | 'servers'>): Picker {
  if (servers.length === 1) return () => 0;
  return distribution === 'ketama' ? ketama(servers) : (key) => oneAtATime(key) % servers.length;
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

/** Where no port is named, the continuum has none either. */
const DEFAULT_PORT = 11_211;

/** Points on the continuum of a server among equals; an MD5 gives four. */
const POINTS = 160;
const POINTS_PER_HASH = 4;

/** A place on the circle of 32 bits, and the server whose keys end there. */
interface Point {
  readonly value: number;
  readonly server: number;
}

/** The continuum of libmemcached's KETAMA_WEIGHTED, which is php-memcached's OPT_LIBKETAMA_COMPATIBLE. */
function ketama(servers: readonly MemcachedServer[]): Picker {
  const points = servers
    .flatMap((server, index) => pointsOf(server, index, shareOf(server, servers)))
    .sort((a, b) => a.value - b.value);
  return (key) => {
    const hash = createHash('md5').update(key).digest().readUInt32LE(0);
    return (points[firstFrom(points, hash)] ?? points[0]!).server;
  };
}

/** How many hashes a server gets, in the 32-bit floats that libmemcached counts with. */
function shareOf({ weight }: MemcachedServer, servers: readonly MemcachedServer[]): number {
  const total = servers.reduce((sum, server) => sum + server.weight, 0);
  const percentage = Math.fround(Math.fround(weight) / Math.fround(total));
  const share = Math.fround(Math.fround(Math.fround(percentage * POINTS) / POINTS_PER_HASH) * servers.length);
  return Math.floor(Math.fround(share + Math.fround(1e-10)));
}

function pointsOf({ host, port }: MemcachedServer, server: number, hashes: number): Point[] {
  const name = port === DEFAULT_PORT ? host : `${host}:${port}`;
  return Array.from({ length: hashes }, (_, number) => createHash('md5').update(`${name}-${number}`).digest()).flatMap(
    (digest) => [0, 4, 8, 12].map((at) => ({ value: digest.readUInt32LE(at), server })),
  );
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
