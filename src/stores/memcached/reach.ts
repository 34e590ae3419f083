import type { MemcachedServer } from '../../profiles/profile.js';
import type { Finding } from '../contract.js';
import type { Room } from './entries.js';

import { CachectlError } from '../../errors.js';
import { failed, ok, warning } from '../findings.js';
import { arrivals, type Way } from '../reach.js';

/**
 * The way to each server of the pool, and logging in. Each that is down is a fault: what lives there is a miss to the
 * application, and what it puts there is lost.
 */
export async function* reach({ connection, timeoutMs }: Room): AsyncGenerator<Finding> {
  const { servers, speaksSasl } = connection;
  let lost = 0;
  for await (const { endpoint, findings } of arrivals(servers, wayOf(speaksSasl, timeoutMs))) {
    const isLost = findings.some(({ state }) => state === 'fault');
    if (isLost) lost++;
    for (const finding of findings)
      yield isLost ? withSasl(finding) : withMeaning(finding, endpoint as MemcachedServer);
  }

  if (lost > 0) {
    if (servers.length > 1) {
      yield warning(
        'pool',
        `${lost} of ${servers.length} servers cannot be used: what lives there is a miss, and lost when it is put`,
        'Leave them in the list all the same: taking one out moves the keys of the others.',
      );
    }

    return;
  }

  for (const node of connection.nodes) {
    try {
      await node.count();
    } catch (error) {
      if (!(error instanceof CachectlError)) throw error;
      yield failed('login', error);
      return;
    }
  }

  yield ok('login', speaksSasl ? 'let in with SASL' : 'no password is wanted: whoever reaches it may do everything');
}

/** Behind SASL a server speaks the binary protocol only, and hangs up when it is spoken to otherwise. */
function wayOf(speaksSasl: boolean, timeoutMs: number): Way {
  const tlsHint = 'cachectl speaks no TLS to Memcached: put a tunnel (stunnel, or a proxy) in between.';
  return speaksSasl ? { timeoutMs, tlsHint } : { timeoutMs, tlsHint, greeting: GREETING };
}

/** As long as the header of a binary request: a server that speaks nothing else would wait for the rest of a shorter one. */
const GREETING = {
  product: 'Memcached',
  hello: Buffer.from(`${'version'.padEnd(22)}\r\n`),
  isAnswer: (text: string) => /^(?:VERSION \S+|(?:CLIENT|SERVER)_ERROR [^\r\n]*)\r\n/.test(text),
};

/** Behind SASL there is no greeting, so that who has hung up on one may want it. */
function withSasl(finding: Finding): Finding {
  const { subject, message, hint } = finding;
  if (subject !== 'greeting' || !message.endsWith('closed it')) return finding;
  return { ...finding, hint: `${hint} One with SASL (-S) does so unless the profile has username and password.` };
}

function withMeaning(finding: Finding, { weight }: MemcachedServer): Finding {
  if (finding.subject !== 'connect' || weight === 1) return finding;
  return { ...finding, message: `${finding.message}; weight ${weight}` };
}
