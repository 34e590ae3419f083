import type { Codec } from '../../codecs/codec.js';
import type { SqlConnection, SqlProfile } from '../../profiles/profile.js';
import type { Store } from '../contract/store.js';
import type { NetworkOptions, Tunnel } from '../network/tunnel.js';
import type { Server } from '../sql/session.js';

import { POLL } from '../sql/events/sources.js';
import { locationOf } from '../sql/location.js';
import { openSqlStore, type SqlDriver } from '../sql/store.js';
import { MYSQL } from './dialect.js';
import { isMissingTable, isRetriable, TLS_TERMS, translated } from './errors.js';

/** Laravel's `database` store on MySQL or MariaDB. */
export function openMysql(profile: SqlProfile, codec: Codec, options: NetworkOptions): Store {
  return openSqlStore(DRIVER, profile, codec, options);
}

/** Exported for tests, which create the tables. */
export const DRIVER: SqlDriver = {
  dialect: MYSQL,
  events: { sources: [POLL], open: async () => (await import('../sql/events/open.js')).openPolls },
  server,
};

function server(place: SqlConnection, tunnel?: Tunnel): Server {
  const location = locationOf('mysql', place);
  return {
    location,
    tlsTerms: TLS_TERMS,
    tunnel,
    async connect(timeoutMs) {
      const { connectMysql } = await import('./session.js');
      return connectMysql(place, timeoutMs, tunnel);
    },
    translated: (error) => translated(error, location),
    isRetriable,
    isMissingTable,
    orderedBegin: undefined,
  };
}
