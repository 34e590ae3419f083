import type { ClientConfig, CustomTypesConfig, QueryConfig } from 'pg';

import pg from 'pg';

import type { SqlConnection } from '../../profiles/profile.js';
import type { Answer, Column, Row, Session } from '../sql/session.js';
import type { Parameter, Sql } from '../sql/statement.js';

import { withTimeout } from '../../async.js';
import { readTlsFiles } from '../network/tls-files.js';

/** Milliseconds for a goodbye. */
const CLOSE_MS = 500;

/** A session that can also hear notifications. */
export interface PostgresSession extends Session {
  onNotification(listener: (payload: string) => void): void;
  onLost(listener: () => void): void;
}

/** @throws whatever pg throws, ConfigError for TLS files */
export async function connectPostgres(place: SqlConnection, timeoutMs: number): Promise<PostgresSession> {
  const client = new pg.Client(await optionsOf(place, timeoutMs));
  const session = new ClientSession(client);
  try {
    await client.connect();
    if (place.searchPath !== undefined) {
      await client.query(`SELECT set_config('search_path', $1, false)`, [place.searchPath]);
    }
  } catch (error) {
    session.destroy();
    throw error;
  }

  return session;
}

async function optionsOf(place: SqlConnection, timeoutMs: number): Promise<ClientConfig> {
  const { host, port, socket, username, password, database, tls } = place;
  return {
    // A socket is named by its folder, and the port is a part of its name.
    host: socket ?? host,
    port,
    database,
    ...(username !== undefined && { user: username }),
    ...(password !== undefined && { password }),
    ssl: tls ? { ...(await readTlsFiles(tls)), rejectUnauthorized: tls.verify } : false,
    connectionTimeoutMillis: timeoutMs,
    // eslint-disable-next-line camelcase -- libpq's name
    application_name: 'cachectl',
    keepAlive: true,
  };
}

class ClientSession implements PostgresSession {
  readonly #client: pg.Client;
  #isUsable = true;
  readonly #lost: Array<() => void> = [];

  constructor(client: pg.Client) {
    this.#client = client;
    // The statement under way reports why.
    client.on('error', () => this.#end());
    client.on('end', () => this.#end());
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  #end(): void {
    this.#isUsable = false;
    for (const listener of this.#lost.splice(0)) listener();
  }

  async run(statement: Sql): Promise<Answer> {
    const { rows, rowCount } = await this.#client.query<Row>(rendered(statement));
    return { rows, count: rowCount ?? 0 };
  }

  onNotification(listener: (payload: string) => void): void {
    this.#client.on('notification', ({ payload = '' }) => listener(payload));
  }

  onLost(listener: () => void): void {
    if (this.#isUsable) this.#lost.push(listener);
    else listener();
  }

  async close(): Promise<void> {
    this.#isUsable = false;
    await withTimeout(this.#client.end(), CLOSE_MS, () => new Error('late')).catch(() => this.destroy());
  }

  destroy(): void {
    this.#isUsable = false;
    // Does not wait for a statement that is under way.
    this.#client.end().catch(() => {
      // It is gone, then.
    });
  }
}

/** Bytes go as the binary form of text, which is its bytes. pg reads answers as UTF-8, so they come as text. */
function rendered({ texts, parameters }: Sql): QueryConfig {
  const values: Buffer[] = [];
  let text = texts[0]!;
  for (const [index, parameter] of parameters.entries()) text += place(parameter, values) + texts[index + 1]!;
  return { text, values, types: TYPES };
}

function place(parameter: Parameter, values: Buffer[]): string {
  if (typeof parameter === 'number') return String(Math.trunc(parameter));
  values.push(parameter.bytes);
  return `$${values.length}`;
}

type Parser = (text: string) => Column;

const asNumber: Parser = Number;

/** By the OIDs of pg_type. */
const PARSERS: ReadonlyMap<number, Parser> = new Map([
  [16, (text: string) => Number(text === 't')],
  ...[20, 21, 23, 26, 700, 701, 1700].map((oid) => [oid, asNumber] as const),
]);

const TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number) => PARSERS.get(oid) ?? ((text: string) => Buffer.from(text))) as never,
};
