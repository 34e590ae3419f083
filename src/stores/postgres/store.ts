import type { Codec } from '../../codecs/codec.js';
import type { SqlConnection, SqlProfile } from '../../profiles/profile.js';
import type { OpenOptions, Store } from '../contract/store.js';
import type { Server } from '../sql/session.js';
import type { PostgresSession } from './session.js';

import { POLL } from '../sql/events/sources.js';
import { locationOf } from '../sql/location.js';
import { openSqlStore, type SqlDriver } from '../sql/store.js';
import { POSTGRES } from './dialect.js';
import { isMissingTable, isRetriable, TLS_TERMS, translated } from './errors.js';

/** Laravel's `database` store on PostgreSQL. */
export function openPostgres(profile: SqlProfile, codec: Codec, options: OpenOptions): Store {
  return openSqlStore(DRIVER, profile, codec, options);
}

/** Exported for tests, which create the tables. */
export const DRIVER: SqlDriver = {
  dialect: POSTGRES,
  events: { sources: [POLL], open: async () => (await import('../sql/events/open.js')).openPolls },
  server,
};

function server(place: SqlConnection): Server {
  const location = locationOf('postgres', place);
  const connect = async (timeoutMs: number): Promise<PostgresSession> => {
    const { connectPostgres } = await import('./session.js');
    return connectPostgres(place, timeoutMs);
  };

  return {
    location,
    tlsTerms: TLS_TERMS,
    connect,
    translated: (error) => translated(error, location),
    isRetriable,
    isMissingTable,
    async listen(key, timeoutMs, heard) {
      const { listenFor } = await import('./notifications.js');
      return listenFor(await connect(timeoutMs), key, heard);
    },
  };
}
