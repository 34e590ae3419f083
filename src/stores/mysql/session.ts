import type { Connection, ConnectionOptions, QueryError, ResultSetHeader, TypeCastField } from 'mysql2';

import { createConnection } from 'mysql2';
import { isUtf8 } from 'node:buffer';
import { connect, isIP, type Socket } from 'node:net';

import type { SqlConnection } from '../../profiles/profile.js';
import type { Tunnel } from '../network/tunnel.js';
import type { Answer, Column, Row, Session } from '../sql/session.js';
import type { Parameter, Sql } from '../sql/statement.js';

import { withTimeout } from '../../async.js';
import { expectFirstBytes } from '../network/first-bytes.js';
import { ReplyMeter } from '../network/reply-limit.js';
import { readTlsFiles } from '../network/tls-files.js';

/** Close timeout, in milliseconds. */
const CLOSE_MS = 500;

/** @throws any error of mysql2, ConfigError for TLS files */
export async function connectMysql(place: SqlConnection, timeoutMs: number, tunnel?: Tunnel): Promise<Session> {
  const meter = new ReplyMeter();
  const socket = place.socket === undefined ? await tunnel?.connect(place) : undefined;
  const connection = createConnection({
    ...(await optionsOf(place, timeoutMs)),
    stream: () => expectFirstBytes(meter.watch(socket ?? dial(place)), isMysql),
  });
  const session = new MysqlSession(connection, meter);
  const login = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      connection.connect((error) => (error === null ? resolve() : reject(error)));
    });
  await meter.bounded(login);
  // READ COMMITTED has no gap locks, so fewer deadlocks. Strict mode rejects data that does not fit. MySQL 8, which alone
  // reads the comment, would report sizes and row counts of up to a day ago.
  await session.statement('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await session.statement(
    `SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', ` +
      `innodb_lock_wait_timeout = ${Math.max(1, Math.ceil(timeoutMs / 1000))}` +
      '/*!80000 , information_schema_stats_expiry = 0 */',
  );
  return session;
}

/** A packet of sequence number 0 that holds a greeting (protocol version 10) or an error. */
function isMysql(first: Buffer): boolean {
  return first.length < 5 || (first[3] === 0 && (first[4] === 10 || first[4] === 255));
}

/** Connect as mysql2 does if it is given no `stream`. */
function dial({ host, port, socket: path }: SqlConnection): Socket {
  const socket = path === undefined ? connect(port, host) : connect(path);
  return socket.setKeepAlive(true).setNoDelay(true);
}

async function optionsOf(place: SqlConnection, timeoutMs: number): Promise<ConnectionOptions> {
  const { host, port, socket, username, password, database, tls } = place;
  return {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    // mysql2 compares the certificate with `host`, and knows neither other names nor addresses. Node compares an
    // address too if a dot makes it look like a name.
    ...(tls && { host: tls.servername ?? (isIP(host) === 0 ? host : `${host}.`) }),
    ...(username !== undefined && { user: username }),
    ...(password !== undefined && { password }),
    ...(tls && {
      ssl: { ...(await readTlsFiles(tls)), rejectUnauthorized: tls.verify, verifyIdentity: tls.verify } as never,
    }),
    database,
    connectTimeout: timeoutMs,
    // Statements are complete. The client would search each for placeholders.
    queryFormat: (statement) => statement,
    // Without it, an upsert that changes nothing counts 0, as `insertUnlessLive` needs. An update then counts only the
    // rows that it changes, so `answerOf` reads those that it matches from the server's message.
    flags: ['-FOUND_ROWS'],
    // eslint-disable-next-line camelcase -- MySQL's name
    connectAttributes: { program_name: 'cachectl' },
  };
}

class MysqlSession implements Session {
  readonly #connection: Connection;
  readonly #meter: ReplyMeter;
  #isUsable = true;

  constructor(connection: Connection, meter: ReplyMeter) {
    this.#connection = connection;
    this.#meter = meter;
    // The running statement reports the error.
    for (const event of ['error', 'end']) connection.on(event, () => this.#lost());
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  #lost(): void {
    this.#isUsable = false;
  }

  async run(statement: Sql): Promise<Answer> {
    return this.statement(rendered(statement));
  }

  async statement(text: string): Promise<Answer> {
    return this.#meter.bounded(async () => this.#query(text));
  }

  async #query(text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = (error: QueryError | null, result: unknown): void => {
        if (error === null) resolve(answerOf(result as ResultSetHeader | Row[]));
        else {
          if (error.fatal) this.#isUsable = false;
          reject(error);
        }
      };

      this.#connection.query({ sql: text, typeCast }, done);
    });
  }

  async close(): Promise<void> {
    this.#isUsable = false;
    const ended = new Promise<void>((resolve) => {
      this.#connection.end(() => resolve());
    });
    await withTimeout(ended, CLOSE_MS, () => new Error('late')).catch(() => this.destroy());
  }

  destroy(): void {
    this.#isUsable = false;
    this.#connection.destroy();
  }
}

function answerOf(result: ResultSetHeader | Row[]): Answer {
  if (Array.isArray(result)) return { rows: result, count: result.length };
  const [, matched] = /^Rows matched: (\d+)/.exec(result.info) ?? [];
  return { rows: [], count: matched === undefined ? result.affectedRows : Number(matched) };
}

const NUMBERS = new Set(['TINY', 'SHORT', 'INT24', 'LONG', 'LONGLONG', 'DECIMAL', 'NEWDECIMAL', 'FLOAT', 'DOUBLE']);

function typeCast(field: TypeCastField): Column {
  if (!NUMBERS.has(field.type)) return field.buffer();
  const digits = field.string();
  return digits === null ? null : Number(digits);
}

/** Values are hexadecimal literals in the text, so they cannot be parsed as SQL. */
function rendered({ texts, parameters }: Sql): string {
  let text = texts[0]!;
  for (const [index, parameter] of parameters.entries()) text += literal(parameter) + texts[index + 1]!;
  return text;
}

function literal(parameter: Parameter): string {
  if (typeof parameter === 'number') return String(Math.trunc(parameter));
  const hex = `X'${parameter.bytes.toString('hex')}'`;
  // A text column of another character set, such as latin1, converts UTF-8 only if the literal is declared as such.
  return parameter.kind === 'text' || isUtf8(parameter.bytes) ? `_utf8mb4 ${hex}` : hex;
}
