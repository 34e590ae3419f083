import type { RedisConnection } from '../../../profiles/profile.js';

import { endpointText } from '../../network/endpoint.js';

/** Describe a connection for people: `host:port/database` and the like. */
export function locationOf({ kind, nodes, socket, primary, database }: RedisConnection): string {
  const places = nodes.map((node) => endpointText(node)).join(',');
  if (kind === 'cluster') return `redis cluster at ${places}`;
  if (kind === 'sentinel') return `redis ${primary ?? ''} via sentinels at ${places}, database ${database}`;
  return `redis ${socket ?? places}, database ${database}`;
}
