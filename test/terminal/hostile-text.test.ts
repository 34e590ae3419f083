import { expect } from 'chai';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { cachectl } from '../support/cli.js';
import { onSqlServers, onTwoStores, type Place, redisPlace } from '../support/places.js';
import { connectionOf } from '../support/sql-server.js';
import { sqlAdmin } from '../support/sql-tables.js';
import { onTerminal } from '../support/terminal.js';

/** Sets a title, sends CSI as one character, reverses the text, ends the line. */
const HOSTILE = 'k\u001B]0;EVIL\u0007\u009B31m\u202E\u2028\u200F\u007F';

/** What a terminal obeys, apart from tabs and line ends. */
const OBEYED = /[^\P{Cc}\n\r\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Colours, and the moves of the cursor that a live display makes. */
const OURS = new RegExp(
  String.raw`${String.fromCodePoint(0x1b)}\[(?:\d*(?:;\d+)*m|\d*[ABCDGJK]|\?25[hl]|\?2004[hl])`,
  'g',
);

function expectHarmless(shown: string, of: string): void {
  const rest = shown.replaceAll(OURS, '');
  const found = OBEYED.exec(rest);
  if (found === null) return;
  expect.fail(`${of} prints ${JSON.stringify(rest.slice(Math.max(0, found.index - 30), found.index + 10))}`);
}

type Run = readonly [args: readonly string[], url?: string];

/** Run commands on a terminal, and with --json. */
async function expectEscaped(runs: readonly Run[]): Promise<void> {
  for (const [args, url] of runs) {
    const words = url === undefined ? args : [...args, '--url', url];
    const { coloured } = await onTerminal(words, {});
    expectHarmless(coloured, args[0]!);
    const { out, err } = await cachectl([...words, '--json']);
    expectHarmless(out + err, `${args[0]!} --json`);
  }
}

describe('text that a terminal would obey', () => {
  const behaviour = (place: Place, driver: string): void => {
    const missing = `${HOSTILE}none`;
    const few = [
      ['get', HOSTILE],
      ['get', 'k'],
      ['get', `${HOSTILE}:2`],
      ['get', missing],
      ['keys', '--long'],
      ['tags:list'],
      ['lock:list'],
    ];
    const more = [
      ['get', HOSTILE, missing],
      ['inspect', HOSTILE],
      ['forget', missing],
      ['touch', missing, '--ttl', '1m'],
      ['add', HOSTILE, 'x'],
      ['keys'],
      ['tags:show', HOSTILE],
      ['lock:show', HOSTILE],
      ['lock:acquire', HOSTILE],
      ['lock:release', HOSTILE, '--owner', missing],
      ['stats'],
    ];

    beforeEach(async () => {
      // A key with white space or controls is no key of Memcached.
      const key = driver === 'memcached' ? 'k' : HOSTILE;
      expect((await place.run(['put', key, HOSTILE])).code).to.equal(0);
      expect((await place.run(['put', key, HOSTILE, '--tags', 'plain'])).code).to.equal(0);
      await place.run(['put', `${key}:2`, '-', '--as', 'json'], { input: JSON.stringify([HOSTILE]) });
      await place.run(['put', `${key}:3`, 'x', '--tags', HOSTILE]);
      await place.run(['lock:acquire', key, '--owner', HOSTILE, '--ttl', '10m']);
    });

    it('is escaped by every command', async () => {
      await expectEscaped([...few, ...(driver === 'redis' ? more : [])].map((args) => [args, place.url()]));
    });
  };

  onTwoStores(behaviour);
  onSqlServers((place, driver) => {
    behaviour(place, driver);

    it('is escaped in the name of the user', async () => {
      const sql = driver === 'mysql' ? MYSQL : POSTGRES;
      const url = new URL(place.url());
      const admin = sqlAdmin(sql, { connection: connectionOf(url.href, 0, url.pathname.slice(1)) });
      const user = driver === 'mysql' ? `'${HOSTILE}'@'%'` : `"${HOSTILE}"`;
      await admin.run(driver === 'mysql' ? `CREATE USER ${user}` : `CREATE ROLE ${user} LOGIN`);
      await admin.run(`GRANT ${driver === 'mysql' ? 'ALL ON *.*' : 'SELECT ON cache'} TO ${user}`);
      url.username = HOSTILE;
      const { out } = await cachectl(['doctor', '--url', url.href]);
      expect(out, 'doctor names the user').to.include(String.raw`EVIL`);
      await expectEscaped([[['doctor'], url.href]]);
      if (driver === 'postgres') await admin.run(`REVOKE ALL ON cache FROM ${user}`);
      await admin.run(`DROP USER ${user}`);
      await admin.close();
    });
  });

  describe('in names of clients', () => {
    const place = redisPlace();

    it('is escaped or ignored by events:tail and top', async () => {
      const { hostname, port } = new URL(place.url());
      const client = connect(Number(port), hostname).on('error', () => client.destroy());
      client.on('data', () => {});
      // Redis refuses the name, but shows the command to MONITOR.
      const named = redisCommand('CLIENT', 'SETNAME', HOSTILE);
      const talk = setInterval(
        () => client.write(named + redisCommand('SET', `shop-database-${place.prefix}k`, 'v')),
        50,
      );
      try {
        const { out, err } = await place.run(['events:tail', '--source', 'monitor', '--enable', '--limit', '1']);
        expect(out, `events:tail does not believe a name that was refused: ${err}`).not.to.include('EVIL');
        const tail = ['events:tail', '--source', 'monitor', '--enable', '--limit', '2'];
        await expectEscaped([
          [tail, place.url()],
          [['top', '--for', '1s', '--enable'], place.url()],
        ]);
      } finally {
        clearInterval(talk);
        client.destroy();
      }
    });
  });

  describe('in names of files', () => {
    let folder = '';
    const at = (name: string): string => path.join(folder, HOSTILE + name);
    const url = (): string => `file:${folder}/${encodeURIComponent(HOSTILE)}`;

    beforeEach(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'cachectl-hostile-'));
      mkdirSync(at('d'));
      writeFileSync(at('.bad'), `{"${JSON.stringify(HOSTILE).slice(1, -1)}":1}\nnonsense${HOSTILE}\n`);
      writeFileSync(at('.yaml'), `profiles:\n  "${HOSTILE.slice(0, 1)}":\n    x${HOSTILE.slice(-2)}: 1\n`);
      expect((await cachectl(['put', HOSTILE, HOSTILE, '--url', url()])).code).to.equal(0);
      await cachectl(['lock:acquire', HOSTILE, '--owner', HOSTILE, '--url', url()]);
    });

    afterEach(() => rmSync(folder, { force: true, recursive: true }));

    it('is escaped by every command', async () => {
      const sqlite = `sqlite:${folder}/${encodeURIComponent(HOSTILE)}.sqlite`;
      await expectEscaped([
        [['get', HOSTILE], url()],
        [['lock:show', HOSTILE], url()],
        [['stats'], url()],
        [['doctor'], url()],
        [['put', 'k', 'v'], sqlite],
        [['export', '-o', at('.ndjson')], sqlite],
        [['export', '-o', at('d')], sqlite],
        [['export', '-o', at('/x/y')], sqlite],
        [['import', at('.ndjson')], sqlite],
        [['import', at('.bad')], sqlite],
        [['import', at('.none')], sqlite],
        [['import', at('d')], sqlite],
        [['put', '--from', at('.bad')], sqlite],
        [['put', 'k', '--file', at('.none')], sqlite],
        [['stats', '--config', at('.yaml')]],
        [['profile:check', '--config', at('.yaml')]],
        [['doctor', '--config', at('.none')]],
        [['get', 'k', '--profile', HOSTILE]],
      ]);
    });
  });

  it('is escaped in errors of a server', async () => {
    for (const [scheme, words] of [
      ['redis', `-ERR ${HOSTILE}\r\n`],
      ['memcached', `SERVER_ERROR ${HOSTILE}\r\n`],
    ]) {
      const server = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.on('data', () => socket.write(words!));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const commands = [
        ['get', 'k', '--timeout', '2s'],
        ['stats', '--timeout', '2s'],
      ];
      await expectEscaped(commands.map((args) => [args, `${scheme}://127.0.0.1:${port}`]));
      server.close();
    }
  });
});

/** As a client of Redis sends it. */
function redisCommand(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
