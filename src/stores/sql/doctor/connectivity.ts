import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';

import { CachectlError } from '../../../errors.js';
import { failed, ok } from '../../doctor/findings.js';
import { tryServer } from '../../network/connectivity.js';
import { raw } from '../statement.js';
import { missingTable } from './missing-table.js';
import { rights } from './rights.js';

/** Check the connection to each server: name, port, login. */
export async function* checkConnection(context: SqlContext): AsyncGenerator<Finding> {
  const { entries, locks, profile, tables } = context;
  const sides = [{ connection: entries, place: profile.connection }];
  if (profile.locks !== undefined) sides.push({ connection: locks, place: profile.locks });
  for (const { connection, place } of sides) {
    // PostgreSQL names a socket by its folder.
    if (place.socket === undefined) {
      const { host, port } = place;
      const { tlsTerms, tunnel } = connection.server;
      const way = { timeoutMs: connection.timeoutMs, tlsTerms, tunnel };
      const { findings } = await tryServer({ host, port }, way);
      yield* findings;
      if (findings.some(({ state }) => state === 'fault')) return;
    }

    try {
      await connection.run(raw('SELECT 1'));
    } catch (error) {
      if (!(error instanceof CachectlError)) throw error;
      yield failed('login', error);
      return;
    }

    const user = place.username === undefined ? '' : ` as ${JSON.stringify(place.username)}`;
    const tls = place.tls === undefined ? 'without TLS' : 'with TLS';
    yield ok('login', `logged in${user} at ${connection.location} ${tls}`);
  }

  yield await rights(context);
  if (await tables.has('cache')) return;
  yield await missingTable(context, 'cache', 'fault');
  // The fault ends the diagnosis, which would report the others.
  for (const [role, state] of OTHERS) {
    if (!(await tables.has(role))) yield await missingTable(context, role, state);
  }
}

const OTHERS = [
  ['locks', 'warning'],
  ['tags', 'skipped'],
  ['waiters', 'skipped'],
] as const;
