import { DRIVER } from '../../../src/stores/mysql/store.js';
import { startMysql } from '../../support/mysql-server.js';
import { sqlProfile, type SqlServer } from '../../support/sql-server.js';
import { createLaravelTables, createOwnTables } from '../../support/sql-tables.js';
import { startLanes } from './lanes.js';
import { type Lane, Matrix } from './matrix.js';

describe('every command in front of a MySQL that fails', function () {
  this.timeout('4h');
  let server: SqlServer;
  let lanes: readonly Lane[] = [];

  before(async function () {
    server = await startMysql(this);
    const profile = sqlProfile('mysql', server, '');
    await createLaravelTables(DRIVER, profile);
    await createOwnTables(DRIVER, profile);
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

  it('ends in time with an honest answer', async () => new Matrix('MySQL', lanes).run());
});
