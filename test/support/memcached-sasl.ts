import type { Context } from 'mocha';

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ended, spawnMemcached, until } from './memcached-server.js';
import { lacking, programPath, requireProgram } from './requirements.js';

/** A Memcached server with a single user. */
export interface SaslMemcached {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** Start `memcached -S` with a password file made by Debian's sasl2-bin. */
export async function startSaslMemcached(context: Context): Promise<SaslMemcached> {
  requireProgram(context, 'memcached');
  const saslpasswd2 = programPath('saslpasswd2') ?? '/usr/sbin/saslpasswd2';
  const [user, realm, password] = ['ann', 'cachectl.test', 'secret of ann'];
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sasl-'));
  const database = path.join(folder, 'sasldb');
  const made = spawnSync(saslpasswd2, ['-p', '-c', '-a', 'memcached', '-u', realm, '-f', database, user], {
    input: `${password}\n`,
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    rmSync(folder, { force: true, recursive: true });
    return lacking(context, `saslpasswd2 (of sasl2-bin) made no password: ${made.error?.message ?? made.stderr}`);
  }

  writeFileSync(path.join(folder, 'memcached.conf'), `mech_list: plain\nsasldb_path: ${database}\n`);
  const { port, child } = await spawnMemcached(context, ['-S'], { SASL_CONF_PATH: folder });
  await until(`127.0.0.1:${port}`);
  return {
    port,
    username: `${user}@${realm}`,
    password,
    async stop() {
      await ended(child, 'SIGTERM');
      rmSync(folder, { force: true, recursive: true });
    },
  };
}
