import { SQL_CASES } from '../../support/sql-cases.js';
import { sqlProfile, type SqlServer } from '../../support/sql-server.js';
import { createLaravelTables, createOwnTables } from '../../support/sql-tables.js';
import { expectNewConnections } from './idle.js';
import { startLanes } from './lanes.js';
import { type Lane, Matrix } from './matrix.js';
import { expectReachable } from './tags.js';

const NAMES = { mysql: 'MySQL', postgres: 'PostgreSQL' };

for (const { driver, sql, start } of SQL_CASES) {
  describe(`every command in front of a ${NAMES[driver]} that fails`, function () {
    this.timeout('4h');
    let server: SqlServer;
    let lanes: readonly Lane[] = [];

    before(async function () {
      server = await start(this);
      const profile = sqlProfile(driver, server, '');
      await createLaravelTables(sql, profile);
      await createOwnTables(sql, profile);
      lanes = await startLanes(server.connection.port, (port, prefix) => {
        const url = new URL(server.url);
        url.port = String(port);
        return `${url.href}?prefix=${prefix}`;
      });
    });

    after(async () => {
      await Promise.all(lanes.map(async (lane) => lane.stop()));
      await server?.stop();
    });

    it('ends in time with an honest answer', async () => new Matrix(NAMES[driver], lanes).run());

    it('leaves no tagged entry that a flush of its tag misses', async () => expectReachable(NAMES[driver], lanes[0]!));

    it('continues after the server ended idle connections', async function () {
      await expectNewConnections(this, lanes[0]!);
    });
  });
}
