import type { MemcachedProfile, MemcachedServer } from '../../../profiles/profile.js';
import type { Finding } from '../../contract/store.js';
import type { Connection, Protocol } from '../connection.js';
import type { MemcachedContext } from '../context.js';

import { CachectlError } from '../../../errors.js';
import { failed, ok, warning } from '../../doctor/findings.js';
import { type ConnectSettings, tryServers } from '../../network/connectivity.js';
import { readTlsFiles } from '../../network/tls-files.js';
import { TLS_TERMS } from '../protocol/access-errors.js';

/**
 * Check the connection and the login of each server in the pool. A server that is down is a fault: its keys are
 * misses, and its writes are lost.
 */
export async function* checkConnection({ connection, timeoutMs }: MemcachedContext): AsyncGenerator<Finding> {
  const { servers, profile, protocol } = connection;
  let lost = 0;
  for await (const { endpoint, findings } of tryServers(servers, await wayOf(connection, timeoutMs))) {
    const isLost = findings.some(({ state }) => state === 'fault');
    if (isLost) lost++;
    for (const finding of findings)
      yield isLost ? withProtocol(finding) : withMeaning(finding, endpoint as MemcachedServer, profile);
  }

  if (lost > 0) {
    if (servers.length > 1) {
      yield warning(
        'pool',
        `${lost} of ${servers.length} servers cannot be used: their keys are misses, and writes to them are lost`,
        'Keep them in the list: removing a server moves keys of the others.',
      );
    }

    return;
  }

  for (const node of connection.nodes) {
    try {
      await node.ready();
    } catch (error) {
      if (!(error instanceof CachectlError)) throw error;
      yield failed('login', error);
      return;
    }
  }

  yield ok('login', loginText(profile, protocol));
}

function loginText({ username }: MemcachedProfile, protocol: Protocol): string {
  if (username === undefined) return 'no password required: any client that can connect has full access';
  return protocol === 'binary' ? `authenticated as ${username} (SASL)` : `authenticated as ${username}`;
}

/** A server with the binary protocol hangs up on the text protocol's greeting. */
async function wayOf({ profile, protocol, tunnel }: Connection, timeoutMs: number): Promise<ConnectSettings> {
  const { tls } = profile;
  const common: ConnectSettings = { timeoutMs, tlsTerms: TLS_TERMS, tunnel };
  const plain = protocol === 'binary' ? common : { ...common, greeting: GREETING };
  if (tls === undefined) return plain;
  const { verify } = tls;
  return { ...plain, tls: { options: await readTlsFiles(tls), verify, verifyHost: verify } };
}

/** As long as the header of a binary request: a binary server would wait for the rest of a shorter one. */
const GREETING = {
  product: 'Memcached',
  hello: Buffer.from(`${'version'.padEnd(22)}\r\n`),
  isAnswer: (text: string) => /^(?:VERSION \S+|(?:CLIENT|SERVER)_ERROR [^\r\n]*)\r\n/.test(text),
};

/** A server with the binary protocol only has hung up on the text greeting. */
function withProtocol(finding: Finding): Finding {
  const { subject, message, hint } = finding;
  if (subject !== 'greeting' || !message.endsWith('closed it')) return finding;
  return {
    ...finding,
    hint: `${hint} With SASL (-S), set username and password; with -B binary, set protocol: binary.`,
  };
}

function withMeaning(finding: Finding, { weight }: MemcachedServer, { distribution }: MemcachedProfile): Finding {
  if (finding.subject !== 'connect' || weight === 1) return finding;
  const ignored = distribution === 'modulo' ? ' (not used by modulo)' : '';
  return { ...finding, message: `${finding.message}; weight ${weight}${ignored}` };
}
