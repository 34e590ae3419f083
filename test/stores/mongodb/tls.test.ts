import { expect } from 'chai';

import { Certificates } from '../../support/certificates.js';
import { cachectl, type Result } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { type OwnMongodb, startOwnMongodb } from '../../support/mongodb-server.js';
import { TlsProxy } from '../../support/mongodb/tls-proxy.js';

async function run(args: readonly string[], port: number, ...options: readonly string[]): Promise<Result> {
  const parameters = ['directConnection=true', 'database=cachectl-test', ...options].join('&');
  return cachectl([...args, '--timeout', '10m', '--url', `mongodb://127.0.0.1:${port}/?${parameters}`]);
}

describe('MongoDB behind TLS', () => {
  let certificates: Certificates;
  let server: OwnMongodb;
  let proxy: TlsProxy;
  let ours: { readonly cert: string; readonly key: string };

  before(async function () {
    certificates = new Certificates(this);
    server = await startOwnMongodb(this, 'java');
    ours = certificates.selfSigned('ours', '127.0.0.1');
    proxy = await TlsProxy.start(ours, server.port);
  });

  after(async () => {
    await proxy?.stop();
    await server?.stop();
    certificates?.remove();
  });

  const untrusted = {
    code: 3,
    message: /has a certificate that is not signed by a trusted CA/,
    hint: 'tlsCAFile',
  } as const;

  it('is reached with the CA of the URL', async () => {
    const options = ['tls=true', `tlsCAFile=${encodeURIComponent(ours.cert)}`];
    expect((await run(['put', 'k', 'over TLS', '--ttl', '1h'], proxy.port, ...options)).code).to.equal(0);
    expect((await run(['get', 'k'], proxy.port, ...options)).out).to.equal('over TLS\n');
    expect((await run(['get', 'k'], server.port)).out).to.equal('over TLS\n');
  });

  it('with an untrusted certificate is refused', async () => {
    expectFault(await run(['get', 'k'], proxy.port, 'tls=true'), untrusted);
  });

  it('with a certificate of another CA is refused', async () => {
    const other = certificates.selfSigned('other', '127.0.0.1');
    const tlsCAFile = `tlsCAFile=${encodeURIComponent(other.cert)}`;
    expectFault(await run(['get', 'k'], proxy.port, 'tls=true', tlsCAFile), untrusted);
  });

  it('with a certificate for another host is refused', async () => {
    const elsewhere = certificates.selfSigned('elsewhere', '127.0.0.9');
    const other = await TlsProxy.start(elsewhere, server.port);
    try {
      const tlsCAFile = `tlsCAFile=${encodeURIComponent(elsewhere.cert)}`;
      const message = /has a certificate for 127\.0\.0\.9, not for 127\.0\.0\.1$/;
      const hint = 'Connect by a name that the certificate lists';
      expectFault(await run(['get', 'k'], other.port, 'tls=true', tlsCAFile), { code: 3, message, hint });
    } finally {
      await other.stop();
    }
  });

  it('is reached without verification if the URL allows it', async () => {
    await run(['put', 'k', 'unseen'], server.port);
    const { out } = await run(['get', 'k'], proxy.port, 'tls=true', 'tlsAllowInvalidCertificates=true');
    expect(out).to.equal('unseen\n');
  });

  it('with a CA file that is not PEM is refused', async () => {
    const file = certificates.notPem('none');
    expectFault(await run(['get', 'k'], proxy.port, 'tls=true', `tlsCAFile=${encodeURIComponent(file)}`), {
      code: 2,
      message: `the TLS file ${file} is not a certificate in PEM form`,
      hint: 'tlsCAFile in the URL',
    });
  });

  it('with a key that does not match its certificate is refused', async () => {
    const other = certificates.selfSigned('other', '127.0.0.1');
    const pair = certificates.joined('pair', ours.cert, other.key);
    const files = [`tlsCAFile=${encodeURIComponent(ours.cert)}`, `tlsCertificateKeyFile=${encodeURIComponent(pair)}`];
    expectFault(await run(['get', 'k'], proxy.port, 'tls=true', ...files), {
      code: 2,
      message: `the key in the TLS file ${pair} does not match the certificate in it`,
      hint: 'tlsCertificateKeyFile in the URL',
    });
  });

  it('reached without TLS hangs up, and the error asks about TLS', async () => {
    const result = await run(['get', 'k'], proxy.port);
    expectFault(result, { code: 3, message: /closed the connection$/, hint: 'TLS settings' });
  });
});
