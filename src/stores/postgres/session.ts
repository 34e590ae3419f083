import type { ClientConfig, CustomTypesConfig, QueryConfig, QueryResult } from 'pg';

import { Socket } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import pg from 'pg';

import type { RedisTls, SqlConnection } from '../../profiles/profile.js';
import type { Tunnel } from '../network/tunnel.js';
import type { Answer, Column, Row, Session } from '../sql/session.js';
import type { Parameter, Sql } from '../sql/statement.js';

import { withTimeout } from '../../async.js';
import { expectFirstBytes } from '../network/first-bytes.js';
import { ReplyMeter } from '../network/reply-limit.js';
import { readTlsFiles } from '../network/tls-files.js';

/** Close timeout, in milliseconds. */
const CLOSE_MS = 500;

/** A session that also receives notifications. */
export interface PostgresSession extends Session {
  onNotification(listener: (payload: string) => void): void;
  onLost(listener: () => void): void;
}

/** @throws any error of pg, ConfigError for TLS files */
export async function connectPostgres(
  place: SqlConnection,
  timeoutMs: number,
  tunnel?: Tunnel,
): Promise<PostgresSession> {
  const meter = new ReplyMeter();
  const socket = place.socket === undefined ? await tunnel?.connect(place) : undefined;
  const stream = socket === undefined ? new Socket() : asUnconnected(socket);
  const client = new pg.Client({
    ...(await optionsOf(place, timeoutMs)),
    stream: () => expectFirstBytes(meter.watch(stream), isPostgres),
  });
  const session = new ClientSession(client, stream, meter);
  try {
    await meter.bounded(async () => client.connect());
    if (place.searchPath !== undefined) {
      const set = client.query(`SELECT set_config('search_path', $1, false)`, [place.searchPath]);
      await withTimeout(set, timeoutMs, () => new Error('timeout expired'));
    }
  } catch (error) {
    session.destroy();
    throw error;
  }

  return session;
}

/** pg connects the stream that it gets, and waits for the event. */
function asUnconnected(socket: Socket): Socket {
  return Object.assign(socket, {
    connect() {
      process.nextTick(() => socket.emit('connect'));
      return socket;
    },
  });
}

/**
 * The answer to SSLRequest (`S`, `N`), or the type and the length of a message: Authentication, ErrorResponse,
 * NegotiateProtocolVersion.
 */
function isPostgres(first: Buffer): boolean {
  if (first.length === 1) return /[ENRSv]/.test(first.toString('latin1'));
  return /^(?:E|[Rv]\0)/.test(first.toString('latin1'));
}

async function optionsOf(place: SqlConnection, timeoutMs: number): Promise<ClientConfig> {
  const { host, port, socket, username, password, database, tls } = place;
  return {
    // libpq builds the socket's file name from the folder in `host` and the port.
    host: socket ?? host,
    port,
    database,
    ...(username !== undefined && { user: username }),
    ...(password !== undefined && { password }),
    ssl: tls ? await tlsOptionsOf(tls) : false,
    connectionTimeoutMillis: timeoutMs,
    // eslint-disable-next-line camelcase -- libpq's name
    application_name: 'cachectl',
    keepAlive: true,
  };
}

async function tlsOptionsOf(tls: RedisTls): Promise<ConnectionOptions> {
  const { servername } = tls;
  return {
    ...(await readTlsFiles(tls)),
    rejectUnauthorized: tls.verify,
    // pg replaces the option `servername` by a host that is not an address.
    ...(servername !== undefined && {
      checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
    }),
  };
}

type Answered = QueryResult<Row> | Array<QueryResult<Row>>;

class ClientSession implements PostgresSession {
  readonly #client: pg.Client;
  readonly #stream: Socket;
  readonly #meter: ReplyMeter;
  #isUsable = true;
  readonly #lost: Array<() => void> = [];

  /** @param stream below TLS */
  constructor(client: pg.Client, stream: Socket, meter: ReplyMeter) {
    this.#client = client;
    this.#stream = stream;
    this.#meter = meter;
    // The running statement reports the error.
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
    try {
      const answer: Answered = await this.#meter.bounded(async () => this.#client.query<Row>(rendered(statement)));
      // A text of two statements without parameters has two results.
      const { rows, rowCount } = Array.isArray(answer) ? answer.at(-1)! : answer;
      return { rows, count: rowCount ?? 0 };
    } catch (error) {
      // The server closes the connection next.
      if (error instanceof pg.DatabaseError && error.severity === 'FATAL') this.#isUsable = false;
      throw error;
    }
  }

  onNotification(listener: (payload: string) => void): void {
    this.#client.on('notification', ({ payload = '' }) => {
      this.#meter.restart();
      listener(payload);
    });
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
    // pg then expects the end of the connection, and reports no error.
    this.#client.end().catch(() => {
      // The connection is already gone.
    });
    this.#stream.destroy();
  }
}

/** Send bytes in the binary format of text, which is the bytes themselves. Answers come as text: pg decodes UTF-8. */
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

/** Parsers by OID in pg_type. */
const PARSERS: ReadonlyMap<number, Parser> = new Map([
  [16, (text: string) => Number(text === 't')],
  ...[20, 21, 23, 26, 700, 701, 1700].map((oid) => [oid, asNumber] as const),
]);

const TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number) => PARSERS.get(oid) ?? ((text: string) => Buffer.from(text))) as never,
};
