import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { RedisCluster } from '../../support/redis-cluster.js';

import { type CertificateFiles, Certificates } from '../../support/certificates.js';
import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { startTlsCluster, startTlsServer } from '../../support/redis-deployments.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { scratchFolder } from '../../support/scratch.js';

describe('Redis with TLS in the field', () => {
  let certificates: Certificates;
  let files: CertificateFiles;
  let other: CertificateFiles;

  before(function () {
    certificates = new Certificates(this);
    files = certificates.selfSigned('named', 'localhost');
    other = certificates.selfSigned('other', 'localhost');
  });

  after(() => certificates?.remove());

  describe('a cluster whose certificate is for a host name', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startTlsCluster(this, files);
    });

    after(async () => cluster?.stop());

    const url = (host = 'localhost', ca = files.cert): string =>
      `rediss+cluster://${host}:${cluster.nodes[0]!.port}?prefix=app-&ca=${encodeURIComponent(ca)}`;

    it('is read, written, listed and emptied', async () => {
      for (const key of ['a', 'b', 'c']) {
        const put = await cachectl(['put', key, 'v', '--url', url()]);
        expect(put.code, put.err).to.equal(0);
      }

      expect((await cachectl(['get', 'b', '--url', url()])).out).to.equal('v\n');
      expect((await cachectl(['keys', '--count', '--url', url()])).out).to.equal('3\n');
      const stats = await cachectl(['stats', '--url', url()]);
      expect(stats.code, stats.err).to.equal(0);
      expect((await cachectl(['flush', '--yes', '--url', url()])).out).to.include('3 entries');
    });

    it('passes doctor', async () => {
      const { code, out } = await cachectl(['doctor', '--url', url()]);
      expect(code, out).to.equal(0);
    });

    it('reached by its address: the error has the names of the certificate', async () => {
      const result = await cachectl(['get', 'a', '--url', url('127.0.0.1')]);
      expectFault(result, {
        code: 3,
        message: /^127\.0\.0\.1:\d+ of redis cluster at \S+ has a certificate for localhost/,
      });
    });

    it('with another CA: the error has the node and the reason', async () => {
      const result = await cachectl(['get', 'a', '--url', url('localhost', other.cert)]);
      expectFault(result, {
        code: 3,
        message: /^localhost:\d+ of redis cluster at \S+ has a certificate that is not signed by a trusted CA/,
        hint: 'tls.ca',
      });
    });

    it('without TLS: the error points to doctor', async () => {
      const result = await cachectl(['get', 'a', '--url', `redis+cluster://localhost:${cluster.nodes[0]!.port}`]);
      expectFault(result, {
        code: 3,
        message: /localhost:\d+ of redis cluster .* closed the connection/,
        hint: 'cachectl doctor',
      });
    });
  });

  describe('a server', () => {
    let server: RedisServer;
    let plain: RedisServer;

    before(async function () {
      server = await startTlsServer(this, files);
      plain = await startRedis(this, '--databases', '2');
    });

    after(async () => {
      await server?.stop();
      await plain?.stop();
    });

    const at = (host: string, query: Record<string, string>): string =>
      `rediss://${host}:${server.port}?${new URLSearchParams(query).toString()}`;

    it('reached by a host that its certificate does not name', async () => {
      const result = await cachectl(['get', 'a', '--url', at('127.0.0.1', { ca: files.cert })]);
      expectFault(result, {
        code: 3,
        message: 'has a certificate for localhost, not for 127.0.0.1',
        hint: 'Connect by a name',
      });
    });

    it('whose CA is not trusted', async () => {
      const result = await cachectl(['get', 'a', '--url', at('localhost', {})]);
      expectFault(result, { code: 3, message: 'has a certificate that is not signed by a trusted CA', hint: 'tls.ca' });
    });

    it('with a CA file that is not PEM', async () => {
      const file = path.join(scratchFolder('tls'), 'ca.pem');
      const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      const der = new X509Certificate(readFileSync(files.cert)).raw;
      for (const contents of ['not a certificate', broken, der]) {
        writeFileSync(file, contents);
        const result = await cachectl(['get', 'a', '--url', at('localhost', { ca: file })]);
        expectFault(result, {
          code: 2,
          message: `the TLS file ${file} is not a certificate in PEM form`,
          hint: 'tls.ca',
        });
      }
    });

    it('with a key that does not belong to the certificate', async () => {
      const query = { ca: files.cert, cert: files.cert, key: other.key };
      const result = await cachectl(['get', 'a', '--url', at('localhost', query)]);
      expectFault(result, {
        code: 2,
        message: `the TLS key ${other.key} does not match the certificate ${files.cert}`,
      });
    });

    it('with a missing file', async () => {
      const result = await cachectl(['get', 'a', '--url', at('localhost', { ca: '/nowhere/ca.pem' })]);
      expectFault(result, {
        code: 2,
        message: 'cannot read the TLS file /nowhere/ca.pem: no such file or folder',
        hint: 'tls.ca',
      });
    });

    it('without TLS in the profile', async () => {
      const result = await cachectl(['get', 'a', '--url', `redis://localhost:${server.port}`]);
      expectFault(result, { code: 3, message: 'closed the connection', hint: 'cachectl doctor' });
      const doctor = await cachectl(['doctor', '--url', `redis://localhost:${server.port}`]);
      expect(doctor.out).to.include('rediss://');
    });

    it('without TLS on the server', async () => {
      const result = await cachectl(['get', 'a', '--timeout', '2s', '--url', plain.url.replace('redis:', 'rediss:')]);
      expectFault(result, { code: 3, message: /TLS/, hint: 'redis://' });
    });
  });
});
