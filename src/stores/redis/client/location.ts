import type { RedisConnection } from '../../../profiles/profile.js';

/** `host:port/database` and the like, for people. */
export function locationOf({ kind, nodes, socket, primary, database }: RedisConnection): string {
  const places = nodes.map((node) => placeOf(node)).join(',');
  if (kind === 'cluster') return `redis cluster at ${places}`;
  if (kind === 'sentinel') return `redis ${primary ?? ''} by sentinels at ${places}, database ${database}`;
  return `redis ${socket ?? places}, database ${database}`;
}

export function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
