import { expect } from 'chai';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Certificates } from '../support/certificates.js';
import { Database } from '../support/database.js';
import { doctor } from '../support/doctor.js';
import { withRedis } from '../support/faults.js';
import { startMemcached } from '../support/memcached-server.js';
import { TlsProxy } from '../support/mongodb/tls-proxy.js';
import { freePort } from '../support/redis-server.js';
import { requireProgram } from '../support/requirements.js';

describe('doctor, step by step', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-doctor-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const file = (): string => path.join(folder, 'cachectl.yaml');

  const sqliteUrl = (): string => `sqlite://${folder}/c.sqlite?prefix=shop-cache-`;

  it('stops at an unknown host', async () => {
    const { code, findings } = await doctor(['--url', 'redis://no-such-host.invalid']);
    expect(code).to.equal(3);
    expect(findings.at(-1)).to.deep.include({ subject: 'resolve', state: 'fault' });
  });

  it('stops at a server that accepts and stays silent', async () => {
    const server = createServer();
    const port = await freePort();
    server.listen(port, '127.0.0.1');
    try {
      const { code, findings } = await doctor(['--timeout', '1s', '--url', `redis://127.0.0.1:${port}`]);
      expect(code).to.equal(3);
      expect(findings.at(-1)).to.deep.include({ subject: 'greeting', state: 'fault' });
      expect(findings.at(-1)!.message).to.include('did not answer within 1 s');
    } finally {
      server.close();
    }
  });

  describe('with a profile file', () => {
    it('says where it is, why that profile, and which variables use their defaults', async () => {
      writeFileSync(file(), 'profiles:\n  a: { driver: sqlite, path: c.sqlite, prefix: "${PFX:-shop-}" }\n');
      const { code, profile, about } = await doctor([], { cwd: folder });
      expect({ code, profile }).to.deep.equal({ code: 1, profile: 'a' });
      expect(about('file').message).to.include(file()).and.include('profile a is its only one');
      expect(about('variables').message).to.include('PFX');
      expect(about('entries')).to.deep.include({ state: 'fault' });
      expect(about('entries').message).to.include('does not exist yet');
      expect(existsSync(path.join(folder, 'c.sqlite'))).to.be.false;
    });

    it('reports an unknown key, and exits 2', async () => {
      writeFileSync(file(), 'profiles:\n  a: { driver: sqlite, pathh: c.sqlite }\n');
      const { code, findings } = await doctor([], { cwd: folder });
      expect(code).to.equal(2);
      expect(findings.at(-1)).to.deep.include({ subject: 'profile', state: 'fault' });
      expect(findings.at(-1)!.hint).to.include('path');
    });

    it('makes a file with a password private with --fix', async () => {
      const port = await freePort();
      writeFileSync(file(), `profiles:\n  a: { driver: redis, host: 127.0.0.1, port: ${port}, password: geheim }\n`);
      chmodSync(file(), 0o644);
      expect((await doctor([], { cwd: folder })).about('file mode').state).to.equal('warning');
      expect(statSync(file()).mode & 0o777).to.equal(0o644);
      const fixed = await doctor(['--fix', '--yes'], { cwd: folder });
      expect(fixed.about('file mode').fixed).to.be.true;
      expect(statSync(file()).mode & 0o777).to.equal(0o600);
      expect(fixed.out).not.to.include('geheim');
    });
  });

  describe('on SQLite', () => {
    beforeEach(() => {
      const database = new Database(`${folder}/c.sqlite`);
      database.exec('CREATE TABLE cache (key varchar primary key, value text, expiration integer)');
      database.prepare('INSERT INTO cache VALUES (?, ?, ?)').run('shop_cache_a', 's:1:"x";', 4_000_000_000);
      database.close();
    });

    it('creates a missing index with --fix, and no table', async () => {
      const subject = 'index on expiration of cache';
      expect((await doctor(['--url', sqliteUrl()])).about(subject).fix).to.include('creates the index');
      expect((await doctor(['--fix', '--yes', '--url', sqliteUrl()])).about(subject).fixed).to.be.true;
      expect((await doctor(['--url', sqliteUrl()])).about(subject))
        .to.deep.include({ state: 'ok' })
        .and.not.to.have.property('fix');
      const database = new Database(`${folder}/c.sqlite`);
      const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
      database.close();
      expect(tables).to.deep.equal([{ name: 'cache' }]);
    });

    it('names the prefix of the keys', async () => {
      expect((await doctor(['--url', sqliteUrl()])).about('prefix').hint).to.include('prefix: shop_cache_');
    });

    it('writes nothing on a protected profile without its name', async () => {
      const skipped = await doctor(['--url', `${sqliteUrl()}&protected=true`]);
      expect(skipped.about('writing').state).to.equal('skipped');
      const confirmed = await doctor(['--yes', '--confirm', 'sqlite', '--url', `${sqliteUrl()}&protected=true`]);
      expect(confirmed.about('writing').state).to.equal('ok');
    });

    it('warns of a folder that is not writable', async function () {
      // File modes apply to root only without these.
      const dropped = '-dac_override,-dac_read_search';
      const bound = (): string[] => [
        requireProgram(this as never, 'setpriv'),
        `--bounding-set=${dropped}`,
        `--inh-caps=${dropped}`,
      ];
      const through = process.getuid?.() === 0 ? bound() : [];
      chmodSync(folder, 0o500);
      try {
        const { about } = await doctor(['--read-only', '--url', sqliteUrl()], { through });
        expect(about('permissions')).to.deep.include({ state: 'warning' });
      } finally {
        chmodSync(folder, 0o700);
      }
    });
  });

  describe('on Memcached', () => {
    it('names what the server forbids, and which server of a pool is down', async function () {
      const memcached = await startMemcached(this as never, '-X', '-W');
      try {
        const { code, about } = await doctor(['--url', `memcached://${memcached.address}?prefix=shop-`]);
        expect(code).to.equal(0);
        expect(about('permissions').message).to.include('listing keys (-X)').and.include('watching (-W)');
        const pool = await doctor(['--url', `memcached://${memcached.address},127.0.0.1:${await freePort()}`]);
        expect(pool.code).to.equal(3);
        expect(pool.about('pool').message).to.include('1 of 2 servers');
      } finally {
        await memcached.stop();
      }
    });
  });

  describe('over TLS', () => {
    const redis = withRedis('--databases', '2');
    let certificates: Certificates;
    let ours: { readonly cert: string; readonly key: string };
    let proxy: TlsProxy;

    before(async function () {
      certificates = new Certificates(this);
      ours = certificates.selfSigned('ours', '127.0.0.1');
      proxy = await TlsProxy.start(ours, redis().port);
    });

    after(async () => {
      await proxy?.stop();
      certificates?.remove();
    });

    const url = (more: string): string => `rediss://127.0.0.1:${proxy.port}/0${more}`;

    it('names the certificate, and warns that it expires soon', async () => {
      const { code, about } = await doctor(['--url', url(`?ca=${ours.cert}`)]);
      expect(code).to.equal(0);
      expect(about('TLS').message).to.include('speaks TLSv1');
      expect(about('certificate').message).to.match(/^for 127\.0\.0\.1, issued by ours; expires in \d days?/);
    });

    it('reports an unknown CA, and how to name it', async () => {
      const { code, findings } = await doctor(['--url', url('')]);
      expect(code).to.equal(3);
      expect(findings.at(-1)).to.deep.include({ subject: 'certificate', state: 'fault' });
      expect(findings.at(-1)!.hint).to.include('tls.ca');
    });

    it('reports a certificate for another host', async () => {
      const elsewhere = certificates.selfSigned('elsewhere', '127.0.0.9');
      const other = await TlsProxy.start(elsewhere, redis().port);
      try {
        const { findings } = await doctor(['--url', `rediss://127.0.0.1:${other.port}/0?ca=${elsewhere.cert}`]);
        expect(findings.at(-1)!.message).to.include('has a certificate for 127.0.0.9, not for 127.0.0.1');
      } finally {
        await other.stop();
      }
    });

    it('checks the certificate of a tunnel by servername', async () => {
      const behind = certificates.selfSigned('behind', 'cache.internal');
      const tunnel = await TlsProxy.start(behind, redis().port);
      const at = `rediss://127.0.0.1:${tunnel.port}/0?ca=${behind.cert}`;
      try {
        const named = await doctor(['--url', `${at}&servername=cache.internal`]);
        expect(named.code).to.equal(0);
        expect(named.about('certificate').message).to.include('cache.internal');
        const { findings } = await doctor(['--url', at]);
        expect(findings.at(-1)!.message).to.include('has a certificate for cache.internal, not for 127.0.0.1');
      } finally {
        await tunnel.stop();
      }
    });

    it('warns if nothing is verified', async () => {
      const { code, about } = await doctor(['--url', url('?verify=false')]);
      expect(code).to.equal(0);
      expect(about('certificate').message).to.include('not verified');
    });

    it('reports a port without TLS, and one that requires it', async () => {
      const plain = await doctor(['--url', `rediss://127.0.0.1:${redis().port}`, '--timeout', '2s']);
      expect(plain.findings.at(-1)!.message).to.include('speaks Redis without TLS');
      const secured = await doctor(['--url', `redis://127.0.0.1:${proxy.port}`, '--timeout', '2s']);
      expect(secured.findings.at(-1)!.message).to.include('requires TLS, and the profile does not use it');
    });
  });
});
