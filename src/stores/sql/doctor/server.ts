import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';

import { ok, warning } from '../../doctor/findings.js';
import { serverFacts } from '../server-facts.js';
import { plain } from '../text.js';

/** The oldest versions that Laravel supports: https://laravel.com/docs/database */
const OLDEST: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  MariaDB: [10, 3],
  MySQL: [5, 7],
  PostgreSQL: [10, 0],
};

/** Check the version, the isolation level and the character set. */
export async function* server(context: SqlContext): AsyncGenerator<Finding> {
  const { software, version, isolation, charset } = await serverFacts(context);
  yield versionFinding(software, version);
  const { rows } = await context.entries.run(context.dialect.defaultIsolation);
  yield isolationFinding(isolation, plain(rows[0]?.Value));
  if (/^utf-?8/i.test(charset)) return;
  yield warning(
    'character set',
    `the default of the database is ${charset}, and Laravel writes UTF-8`,
    'A new table gets that default unless its migration names another: check the collation of the tables.',
  );
}

/** @param version such as `10.11.6-MariaDB-0+deb12u1` or `15.18 (Debian 15.18-0+deb12u1)` */
export function versionFinding(software: string, version: string): Finding {
  const [major = 0, minor = 0] = version.split('.', 2).map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST[software] ?? [0, 0];
  const message = `${software} ${version}`;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return ok('version', message);
  const oldest = oldestMinor === 0 ? String(oldestMajor) : `${oldestMajor}.${oldestMinor}`;
  return warning(
    'version',
    `${message} is older than ${oldest}, the oldest that Laravel supports`,
    'Upgrade the server.',
  );
}

/** @param byDefault the level of sessions that set none, such as those of the application */
export function isolationFinding(isolation: string, byDefault: string): Finding {
  const message = `${isolation} in sessions of cachectl, ${byDefault} by default`;
  // REPEATABLE-READ of MySQL, its default, does no harm. That of PostgreSQL, with a space, fails concurrent writes.
  if (!/serializable|repeatable read/i.test(byDefault)) return ok('isolation', message);
  return warning(
    'isolation',
    `${message}: concurrent writes of an entry wait for each other or fail`,
    'Make READ COMMITTED the default of the server, the database or the user. cachectl retries; applications may not.',
  );
}
