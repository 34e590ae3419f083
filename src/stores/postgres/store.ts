import type { Codec } from '../../codecs/codec.js';
import type { SqlConnection, SqlProfile } from '../../profiles/profile.js';
import type { Store } from '../contract/store.js';
import type { NetworkOptions, Tunnel } from '../network/tunnel.js';
import type { Server } from '../sql/session.js';
import type { PostgresSession } from './session.js';

import { locationOf } from '../sql/location.js';
import { raw } from '../sql/statement.js';
import { openSqlStore, type SqlDriver } from '../sql/store.js';
import { POSTGRES } from './dialect.js';
import { isMissingTable, isRetriable, TLS_TERMS, translated } from './errors.js';
import { EVENT_SOURCES } from './events/sources.js';

/** Laravel's `database` store on PostgreSQL. */
export function openPostgres(profile: SqlProfile, codec: Codec, options: NetworkOptions): Store {
  return openSqlStore(DRIVER, profile, codec, options);
}

/** Exported for tests, which create the tables. */
export const DRIVER: SqlDriver = {
  dialect: POSTGRES,
  events: { sources: EVENT_SOURCES, open: async () => (await import('./events/open.js')).tail },
  parts: { diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose },
  server,
};

/** Local to the transaction: behind a pooler, the session serves other clients too. */
const ORDERED_BEGIN = raw('BEGIN; SET LOCAL enable_sort = off');

function server(place: SqlConnection, tunnel?: Tunnel): Server {
  const location = locationOf('postgres', place);
  const connect = async (timeoutMs: number): Promise<PostgresSession> => {
    const { connectPostgres } = await import('./session.js');
    return connectPostgres(place, timeoutMs, tunnel);
  };

  return {
    location,
    tlsTerms: TLS_TERMS,
    tunnel,
    connect,
    translated: (error) => translated(error, location),
    isRetriable,
    isMissingTable,
    orderedBegin: ORDERED_BEGIN,
    async listen(key, timeoutMs, heard) {
      const { listenFor } = await import('./notifications.js');
      return listenFor(await connect(timeoutMs), key, timeoutMs, heard);
    },
  };
}
