import { expect } from 'chai';

import { Certificates } from '../../support/certificates.js';
import { cachectl, type Result } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import {
  type Deployment,
  startOnSocket,
  startWithTextLogin,
  startWithTls,
} from '../../support/memcached-deployments.js';
import { ended, spawnMemcached, until } from '../../support/memcached-server.js';

/** With more parameters. */
function withParameters(url: string, more: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${more}`;
}

describe('connections to Memcached', () => {
  const stops: Array<() => Promise<void>> = [];

  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });

  function stopLater<Running extends Deployment>(running: Running): Running {
    stops.push(() => running.stop());
    return running;
  }

  it('use a Unix socket, in URLs and lists of servers', async function () {
    const { url, socket } = stopLater(await startOnSocket(this));
    await works(url);
    for (const other of [
      `memcached://${encodeURIComponent(socket)}`,
      `memcached://unix:${encodeURIComponent(socket)}`,
    ]) {
      expect((await cachectl(['put', 'k', 'v', '--url', other])).code, other).to.equal(0);
    }

    expect(await refusal(['get', 'k', '--url', `${url}.gone`])).to.match(
      /\.gone does not exist: no such socket\n.*path of the socket/,
    );
    const { code, out } = await cachectl(['doctor', '--url', `${url}.gone`]);
    expect(code).to.equal(3);
    expect(out).to.match(/^fault\tconnect\t.* does not exist: no such socket/m);
  });

  it('use TLS and check the certificate', async function () {
    const { url, place } = stopLater(await startWithTls(this));
    await works(url);
    await works(`memcacheds://${place}?verify=false`);
    const plain = await refusal(['get', 'k', '--url', `memcached://${place}`]);
    expect(plain).to.match(/requires TLS, and the profile does not use it\n.*memcacheds:\/\//);
    expect(await refusal(['put', 'k', 'v', '--url', `memcached://${place}`])).to.equal(plain);
    expect(await refusal(['keys', '--url', `memcached://${place}`])).to.equal(plain);
    const unknown = await refusal(['get', 'k', '--url', `memcacheds://${place}`]);
    expect(unknown).to.match(/not signed by a trusted CA \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n.*tls\.ca/);
    const { out } = await cachectl(['doctor', '--url', `memcached://${place}`]);
    expect(out).to.match(/^fault\tgreeting\t.* requires TLS, and the profile does not use it\tUse memcacheds:/m);
    const trusting = await cachectl(['doctor', '--url', `memcacheds://${place}`]);
    expect(trusting.out).to.match(/^fault\tcertificate\t/m);
  });

  it('name what is wrong with TLS: the host, the CA file, the key', async function () {
    const { place, ca } = stopLater(await startWithTls(this));
    const certificates = new Certificates(this);
    stops.push(async () => certificates.remove());
    expectFault(await getOverTls(place.replace('localhost', '127.0.0.1'), { ca }), {
      code: 3,
      message: 'has a certificate for localhost, not for 127.0.0.1',
      hint: 'Connect by a name',
    });
    const notPem = certificates.notPem('ca');
    const message = `the TLS file ${notPem} is not a certificate in PEM form`;
    expectFault(await getOverTls(place, { ca: notPem }), { code: 2, message, hint: 'tls.ca' });
    const { key } = certificates.selfSigned('other', 'localhost');
    const mismatch = `the TLS key ${key} does not match the certificate ${ca}`;
    expectFault(await getOverTls(place, { ca, cert: ca, key }), {
      code: 2,
      message: mismatch,
      hint: 'tls.cert and tls.key',
    });
  });

  it('fail with TLS on a server without it, with a clear error', async function () {
    const { port, child } = await spawnMemcached(this, []);
    stops.push(() => ended(child, 'SIGTERM'));
    await until(`127.0.0.1:${port}`);
    const url = `memcacheds://127.0.0.1:${port}`;
    expect(await refusal(['get', 'k', '--url', url])).to.include('does not speak TLS');
    expect((await cachectl(['doctor', '--url', url])).out).to.match(/^fault\tTLS\t.*without TLS/m);
  });

  it('use text authentication', async function () {
    const { url, address } = stopLater(await startWithTextLogin(this));
    await works(url);
    const wanted = /requires text authentication \(-Y\)\n {2}Set protocol: text/;
    for (const args of [['get', 'k'], ['put', 'k', 'v'], ['keys'], ['lock:acquire', 'l', '--ttl', '1m'], ['stats']]) {
      expect(await refusal([...args, '--url', `memcached://${address}`]), args.join(' ')).to.match(wanted);
      const asSasl = [...args, '--url', `memcached://app:secret@${address}`];
      if (args[0] === 'keys')
        expect((await cachectl(asSasl)).err).to.include(
          'Use protocol: text if the server has text authentication (-Y)',
        );
      else expect(await refusal(asSasl), args.join(' ')).to.match(wanted);
    }

    const wrong = ['get', 'k', '--url', `memcached://app:wrong@${address}?protocol=text`];
    expect(await refusal(wrong)).to.include('refused the user name or password');
    for (const doctored of [`memcached://${address}`, `memcached://app:secret@${address}`]) {
      const { code, out } = await cachectl(['doctor', '--url', doctored]);
      expect(code).to.equal(3);
      expect(out).to.match(/^fault\tlogin\t.* requires text authentication \(-Y\)/m);
    }
  });

  it('ignore an unneeded login, and store nothing of it', async function () {
    const { port, child } = await spawnMemcached(this, []);
    stops.push(() => ended(child, 'SIGTERM'));
    await until(`127.0.0.1:${port}`);
    const url = `memcached://app:secret@127.0.0.1:${port}?protocol=text`;
    expect((await cachectl(['put', 'k', 'v', '--url', url])).code).to.equal(0);
    expect((await cachectl(['keys', '--url', url])).out).to.equal('k\n');
  });

  for (const protocol of ['ascii', 'binary']) {
    it(`use the only protocol of the server: ${protocol}`, async function () {
      const { port, child } = await spawnMemcached(this, ['-B', protocol]);
      stops.push(() => ended(child, 'SIGTERM'));
      await until(`127.0.0.1:${port}`);
      const url = `memcached://127.0.0.1:${port}`;
      if (protocol === 'ascii') {
        await works(url);
        const asSasl = await refusal(['get', 'k', '--url', `memcached://app:secret@127.0.0.1:${port}`]);
        expect(asSasl).to.match(/does not speak the binary protocol, which SASL requires\n {2}Set protocol: text/);
        return;
      }

      for (const args of [['get', 'k'], ['put', 'k', 'v'], ['keys']]) {
        expect(await refusal([...args, '--url', url])).to.match(/speaks the binary protocol only\n.*protocol: binary/);
      }

      expect((await cachectl(['put', 'k', 'v', '--url', `${url}?protocol=binary`])).code).to.equal(0);
      expect((await cachectl(['get', 'k', '--url', `${url}?protocol=binary`])).out).to.equal('v\n');
    });
  }
});

/** All that a direct server does. */
async function works(url: string): Promise<void> {
  const there = ['--url', withParameters(url, 'prefix=o-')];
  const done = async (args: readonly string[], rest: readonly string[] = []): Promise<string> => {
    const { code, out, err } = await cachectl([...args, ...there, ...rest]);
    expect({ code, err }, args.join(' ')).to.deep.equal({ code: 0, err: '' });
    return out;
  };

  await done(['put', 'k', 'v', '--ttl', '1m']);
  expect(await done(['get', 'k'])).to.equal('v\n');
  expect(await done(['increment', 'n'])).to.equal('1\n');
  expect(await done(['lock:run', 'l'], ['--', 'echo', 'ran'])).to.equal('ran\n');
  expect((await done(['keys'])).trim().split('\n').sort()).to.include.members(['k', 'n']);
  expect((await cachectl(['doctor', ...there])).code).to.equal(0);
  await done(['stats']);
  expect((await cachectl(['flush', '--yes', ...there])).code).to.equal(0);
  expect((await cachectl(['get', 'k', ...there])).code).to.equal(1);
}

async function getOverTls(place: string, query: Readonly<Record<string, string>>): Promise<Result> {
  return cachectl(['get', 'k', '--url', `memcacheds://${place}?${new URLSearchParams(query).toString()}`]);
}

async function refusal(args: readonly string[]): Promise<string> {
  const { code, out, err } = await cachectl(args);
  expect({ code, out }, err).to.deep.equal({ code: 3, out: '' });
  expect(err.trimEnd().split('\n')).to.have.length(2);
  return err;
}
