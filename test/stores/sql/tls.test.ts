import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { SqlDriver } from '../../../src/stores/sql/store.js';

import { DRIVER as MYSQL } from '../../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../../src/stores/postgres/store.js';
import { type CertificateFiles, Certificates } from '../../support/certificates.js';
import { cachectl, type Result } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { expectPasswordHidden } from '../../support/hidden-password.js';
import { startMysql } from '../../support/mysql-server.js';
import { startPostgres } from '../../support/postgres-server.js';
import { scratchFolder } from '../../support/scratch.js';
import { type ServerOptions, sqlProfile, type SqlServer } from '../../support/sql-server.js';
import { createLaravelTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';

/** In the server's certificate: an address, and a name that does not resolve. */
const ADDRESS = '127.0.0.1';
const NAME = 'db.internal';

const PASSWORD = 'correct horse 7 battery';

interface Subject {
  readonly driver: 'mysql' | 'postgres';
  readonly parts: SqlDriver;
  readonly start: typeof startMysql;
  /** Options of a server with TLS. The user `tls` may connect only with it, `cert` only with a client certificate, `word` with a password. */
  options(server: CertificateFiles, clientCa: string, folder: string): ServerOptions;
  /** Statements that create those users. */
  readonly users: (database: string) => readonly string[];
  readonly withoutTls: { readonly message: RegExp | string; readonly hint: string };
  readonly withoutCertificate: { readonly message: RegExp | string; readonly hint: string };
}

const SUBJECTS: readonly Subject[] = [
  {
    driver: 'mysql',
    parts: MYSQL,
    start: startMysql,
    options: (server, clientCa) => (readable) => [
      `--ssl-cert=${readable(server.cert)}`,
      `--ssl-key=${readable(server.key)}`,
      `--ssl-ca=${readable(clientCa)}`,
    ],
    users: (database) => [
      "CREATE USER tls@'%' REQUIRE SSL",
      "CREATE USER cert@'%' REQUIRE X509",
      `CREATE USER word@'%' IDENTIFIED BY '${PASSWORD}'`,
      ...['tls', 'cert', 'word'].map((user) => `GRANT ALL ON ${database}.* TO ${user}@'%'`),
    ],
    // MySQL does not reveal what an account requires.
    withoutTls: { message: 'refused the user name or password', hint: 'the account may require TLS' },
    withoutCertificate: { message: 'refused the user name or password', hint: 'or a client certificate' },
  },
  {
    driver: 'postgres',
    parts: POSTGRES,
    start: startPostgres,
    options: (server, clientCa, folder) => (readable) => {
      const rules = path.join(folder, 'pg_hba.conf');
      writeFileSync(
        rules,
        `hostssl all tls ${ADDRESS}/32 trust
hostssl all cert ${ADDRESS}/32 trust clientcert=verify-ca
host all word ${ADDRESS}/32 scram-sha-256
host all postgres ${ADDRESS}/32 trust
`,
      );
      return [
        'ssl=on',
        `ssl_cert_file=${readable(server.cert)}`,
        `ssl_key_file=${readable(server.key)}`,
        `ssl_ca_file=${readable(clientCa)}`,
        `hba_file=${readable(rules)}`,
      ];
    },
    users: () =>
      ['tls', 'cert', 'word'].flatMap((user) => [
        `CREATE ROLE ${user} LOGIN ${user === 'word' ? `PASSWORD '${PASSWORD}'` : ''}`,
        `GRANT SELECT, INSERT, UPDATE, DELETE ON cache, cache_locks TO ${user}`,
      ]),
    withoutTls: { message: 'requires TLS, and the profile does not use it', hint: 'tls: true' },
    withoutCertificate: { message: /refused the login: .*client certificate/, hint: 'pg_hba.conf' },
  },
];

for (const subject of SUBJECTS) {
  describe(`TLS on ${subject.driver}`, () => {
    const folder = scratchFolder('sql-tls');
    let certificates: Certificates;
    let ours: CertificateFiles;
    let client: CertificateFiles;
    let server: SqlServer;
    let admin: SqlAdmin;

    before(async function () {
      certificates = new Certificates(this);
      ours = certificates.selfSigned('server', ADDRESS, NAME);
      client = certificates.selfSigned('client', 'client');
      server = await subject.start(this, subject.options(ours, client.cert, folder));
      await createLaravelTables(subject.parts, sqlProfile(subject.driver, server, ''));
      admin = sqlAdmin(subject.parts, server);
      for (const statement of subject.users(server.connection.database)) await admin.run(statement);
    });

    after(async () => {
      await admin?.close();
      await server?.stop();
      certificates?.remove();
    });

    it('shows an accepted password nowhere', async () => {
      const { port, database } = server.connection;
      const place = [`driver: ${subject.driver}`, `host: ${ADDRESS}`, `port: ${port}`, `database: ${database}`];
      await expectPasswordHidden([...place, 'username: word'], PASSWORD);
    }).timeout(240_000);

    function urlAs(user: string, query: Readonly<Record<string, string>> = {}, host = ADDRESS): string {
      const { port, database } = server.connection;
      const parameters = new URLSearchParams(query).toString();
      return `${subject.driver}://${user}@${host}:${port}/${database}?${parameters}`;
    }

    const get = async (...url: Parameters<typeof urlAs>): Promise<Result> =>
      cachectl(['get', 'k', '--url', urlAs(...url)]);

    it('reads and writes with the CA of the profile', async () => {
      const url = urlAs('tls', { ca: ours.cert });
      expect(await cachectl(['put', 'k', 'over TLS', '--url', url])).to.include({ code: 0, err: '' });
      expect(await get('tls', { ca: ours.cert })).to.include({ code: 0, out: 'over TLS\n' });
      const { out } = await cachectl(['doctor', '--read-only', '--url', url]);
      expect(out).to.match(/^ok\tlogin\tlogged in as "tls" at .* with TLS$/m);
    });

    it('sends a client certificate to an account that requires one', async () => {
      const files = { cert: client.cert, key: client.key };
      expect(await get('cert', { ca: ours.cert, ...files })).to.include({ err: '' });
      expectFault(await get('cert', { ca: ours.cert }), { code: 3, ...subject.withoutCertificate });
    });

    it('is refused without TLS by an account that requires it', async () => {
      expectFault(await get('tls'), { code: 3, ...subject.withoutTls });
    });

    it('refuses the certificate of an unknown CA', async () => {
      const other = certificates.selfSigned('other', ADDRESS);
      for (const query of [{ tls: 'true' }, { ca: other.cert }]) {
        expectFault(await get('tls', query), {
          code: 3,
          message: /has a certificate that is not signed by a trusted CA/,
          hint: 'tls.ca in the profile',
        });
      }
    });

    it('refuses the certificate of another host, unless servername is in it', async () => {
      expectFault(await get('tls', { ca: ours.cert }, 'localhost'), {
        code: 3,
        message: `has a certificate for ${ADDRESS}, ${NAME}, not for localhost`,
        hint: 'Connect by a name that the certificate lists',
      });
      for (const host of ['localhost', ADDRESS]) {
        for (const servername of [NAME, `${NAME}.`]) {
          expect(await get('tls', { ca: ours.cert, servername }, host)).to.include({ err: '' });
        }

        expectFault(await get('tls', { ca: ours.cert, servername: 'other.internal' }, host), {
          code: 3,
          message: `has a certificate for ${ADDRESS}, ${NAME}, not for other.internal`,
        });
      }
    });

    it('accepts any certificate only if told so', async () => {
      expect(await get('tls', { sslmode: 'require' }, 'localhost')).to.include({ err: '' });
    });

    it('refuses a CA file that is not PEM', async () => {
      const ca = certificates.notPem('ca');
      expectFault(await get('tls', { ca }), {
        code: 2,
        message: `the TLS file ${ca} is not a certificate in PEM form`,
        hint: 'tls.ca in the profile',
      });
    });

    it('refuses a key that does not match its certificate', async () => {
      expectFault(await get('tls', { ca: ours.cert, cert: client.cert, key: ours.key }), {
        code: 2,
        message: `the TLS key ${ours.key} does not match the certificate ${client.cert}`,
        hint: 'tls.cert and tls.key',
      });
    });

    if (subject.driver === 'mysql') {
      it('says that the server requires TLS from everyone', async () => {
        await admin.run('SET GLOBAL require_secure_transport = ON');
        try {
          expectFault(await get('root'), {
            code: 3,
            // MariaDB gives no reason; MySQL does.
            message: /refused the user name or password|requires TLS/,
            hint: 'tls',
          });
        } finally {
          await admin.run('SET GLOBAL require_secure_transport = OFF');
        }
      });
    }
  });

  describe(`${subject.driver} without TLS`, () => {
    let server: SqlServer;

    before(async function () {
      // MySQL's own server creates certificates unasked. Without a version of TLS, it does not use them.
      const off = subject.driver === 'mysql' ? ['--loose-skip-ssl', '--tls-version='] : ['ssl=off'];
      server = await subject.start(this, off);
    });

    after(async () => server?.stop());

    it('is named as the reason if the profile uses TLS', async () => {
      expectFault(await cachectl(['get', 'k', '--url', `${server.url}?tls=true`]), {
        code: 3,
        message: 'does not speak TLS',
        hint: 'tls=true',
      });
    });
  });
}
