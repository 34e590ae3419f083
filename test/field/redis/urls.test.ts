import { expect } from 'chai';
import path from 'node:path';

import { type CertificateFiles, Certificates } from '../../support/certificates.js';
import { cachectl } from '../../support/cli.js';
import { expectFault, withRedis } from '../../support/faults.js';
import { startTlsServer } from '../../support/redis-deployments.js';
import { scratchFolder } from '../../support/scratch.js';

describe('Redis URLs as applications write them', () => {
  const folder = scratchFolder('urls');
  const socket = path.join(folder, 'redis.sock');
  const redis = withRedis('--unixsocket', socket, '--databases', '4');

  before(async () => {
    await redis().client.set('app-a', 's:1:"v";');
    await redis().client.call('ACL', ['SETUSER', 'me', 'reset', 'on', '>pw', '~*', '&*', '+@all']);
  });

  for (const [name, url] of [
    ['tcp://', () => `tcp://127.0.0.1:${redis().port}?prefix=app-`],
    ['valkey://', () => `valkey://127.0.0.1:${redis().port}/0?prefix=app-`],
    ['redis:///path', () => `redis://${socket}?prefix=app-`],
    ['redis://user:password@/path', () => `redis://me:pw@${socket}?prefix=app-&db=0`],
    ['unix:///path', () => `unix://${socket}?prefix=app-`],
  ] as const) {
    it(`${name} reads and lists`, async () => {
      expect((await cachectl(['get', 'a', '--url', url()])).out).to.equal('v\n');
      expect((await cachectl(['keys', '--url', url()])).out).to.equal('a\n');
    });
  }

  for (const scheme of ['tls', 'rediss', 'valkeys']) {
    it(`${scheme}:// speaks TLS`, async function () {
      const certificates = new Certificates(this);
      const files: CertificateFiles = certificates.selfSigned('server', 'localhost');
      const server = await startTlsServer(this, files);
      try {
        const url = `${scheme}://localhost:${server.port}?ca=${encodeURIComponent(files.cert)}`;
        const { code, err } = await cachectl(['put', 'a', 'v', '--url', url]);
        expect(code, err).to.equal(0);
      } finally {
        await server.stop();
        certificates.remove();
      }
    });
  }

  it('can have parameters of other clients, which are ignored with a warning', async () => {
    const query = 'prefix=app-&read_write_timeout=0&alias=cache&tcp_keepalive=60';
    const { code, out, err } = await cachectl(['get', 'a', '--url', `${redis().url}?${query}`]);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'v\n' });
    expect(err).to.equal(
      'the URL: ignored the parameters "read_write_timeout", "alias", "tcp_keepalive", which cachectl does not use\n',
    );
  });

  it('can have them in a profile and in its locks', async () => {
    const profile = JSON.stringify({
      profiles: {
        shop: {
          driver: 'redis',
          url: `${redis().url}?timeout=5`,
          prefix: 'app-',
          locks: { url: `${redis().url.replace(/0$/, '1')}?persistent=1` },
        },
      },
    });
    const file = path.join(folder, 'cachectl.yaml');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, profile);
    const { code, out, err } = await cachectl(['get', 'a', '--config', file, '--profile', 'shop']);
    expect({ code, out }, err).to.deep.equal({ code: 0, out: 'v\n' });
    expect(err).to.include('ignored the parameter "timeout"').and.include('ignored the parameter "persistent"');
  });

  for (const [query, meant] of [
    ['prefx=app-', 'prefix'],
    ['connection_prefix=app-', 'connectionPrefix'],
    ['dbindex=1', 'database'],
    ['ssl=true', 'tls'],
    ['redis_cluster=1', 'cluster'],
    ['auth=secret', 'password'],
  ] as const) {
    it(`refuse ?${query}, a possible typo of a key`, async () => {
      const result = await cachectl(['flush', '--yes', '--url', `${redis().url}?${query}`]);
      expectFault(result, { code: 2, message: 'unknown key', hint: `Did you mean ${meant}?` });
      expect(result.err).not.to.include('secret');
      expect(await redis().client.exists('app-a')).to.equal(1);
    });
  }

  it('refuse ?ca without TLS', async () => {
    const result = await cachectl(['get', 'a', '--url', `${redis().url}?ca=/etc/ca.pem`]);
    expectFault(result, { code: 2, message: 'unknown key "ca"' });
  });

  it('with only a database name no host', async () => {
    expectFault(await cachectl(['get', 'a', '--url', 'redis:///0']), { code: 2, message: 'has no host' });
  });
});
