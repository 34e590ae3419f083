import path from 'node:path';

import type { Bench, Measurement, Scale } from './measurement.js';

import { memory, shell, short } from './bulk/compare.js';
import { cachectl, type Run } from './peak-memory.js';
import { inFolder } from './servers.js';
import { type BenchServer, withSqlServer } from './sql-server.js';
import { written } from './transfer-files.js';

export const measureMysqlTransfer: Bench = (scale) => measureSql('mysql', scale);
export const measurePostgresTransfer: Bench = (scale) => measureSql('postgres', scale);

interface Transfer {
  readonly imported: Run;
  readonly exported: Run;
  /** Seconds of the server's own client; undefined if it is missing. */
  readonly peers?: Readonly<Record<'import' | 'export', number | undefined>>;
}

/** `import` and `export`, compared with the server's own client. */
async function* measureSql(driver: BenchServer['driver'], { entries, many }: Scale): AsyncGenerator<Measurement> {
  const name = driver === 'mysql' ? 'MySQL' : 'PostgreSQL';
  const some = await transferred(driver, entries, true);
  const [loads, reads] = driver === 'mysql' ? ['LOAD DATA', 'mysql, SELECT'] : ['COPY FROM', 'COPY TO'];
  const imports = `import of ${short(entries)} entries, ${name}`;
  const exports = `export of ${short(entries)} entries, ${name}`;
  yield row(imports, some.imported, loads!, some.peers!.import);
  yield row(exports, some.exported, `${reads}, raw values`, some.peers!.export);
  const more = await transferred(driver, many, false);
  yield memory(imports, some.imported, more.imported);
  yield memory(exports, some.exported, more.exported);
}

async function transferred(driver: BenchServer['driver'], entries: number, hasPeers: boolean): Promise<Transfer> {
  return inFolder(async (folder) =>
    withSqlServer(driver, async (server) => {
      const { lines, csv } = written(folder, entries);
      const theirs = path.join(folder, 'theirs');
      const load = hasPeers ? await shell(loading(server, csv), server.program) : undefined;
      if (hasPeers) await server.run('TRUNCATE TABLE cache');
      const imported = await cachectl(['import', lines, '--url', server.url]);
      await server.analyze('cache');
      const exported = await cachectl(['export', '--output', path.join(folder, 'ours'), '--url', server.url]);
      if (!hasPeers) return { imported, exported };
      const read = await shell(`${reading(server)} > '${theirs}'`, server.program);
      return { imported, exported, peers: { import: load, export: read } };
    }),
  );
}

function loading({ driver, command, key }: BenchServer, csv: string): string {
  return driver === 'mysql'
    ? command(
        `LOAD DATA LOCAL INFILE '${csv}' INTO TABLE cache FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\\"' ESCAPED BY '' (${key}, value, expiration)`,
      )
    : command(`\\copy cache (key, value, expiration) FROM '${csv}' CSV`);
}

function reading({ driver, command, key }: BenchServer): string {
  return command(driver === 'mysql' ? `SELECT ${key}, value, expiration FROM cache` : 'COPY cache TO STDOUT');
}

function row(what: string, ours: Run, name: string, peer: number | undefined): Measurement {
  if (peer === undefined)
    return { what, measured: `${ours.seconds.toFixed(1)} s`, budget: '-', peer: `${name}: missing` };
  return {
    what,
    measured: `${(ours.seconds / peer).toFixed(2)} × (${ours.seconds.toFixed(1)} s)`,
    budget: '-',
    peer: `${name}: ${peer.toFixed(1)} s`,
  };
}
