import { setTimeout as sleep } from 'node:timers/promises';

import type { CachectlError } from '../../../errors.js';
import type { Target } from './target.js';

import { UnreachableError } from '../../../errors.js';
import { speaksTls } from '../../network/handshake.js';
import { Deadline } from '../../network/tcp.js';
import { noMetaCommands, onlyBinary, onlyText, onlyTls, TLS_TERMS, wantsLogin } from './access-errors.js';
import { dial } from './dial.js';

/** Time limit of each probe, in milliseconds. */
const PROBE_TIMEOUT_MS = 1000;

/**
 * Find out why a server closed the connection: it requires TLS, speaks the other protocol or has no meta commands.
 * Undefined for other reasons.
 * @param spoken the protocol that was tried
 */
export async function protocolMismatch(target: Target, spoken: 'binary' | 'text'): Promise<CachectlError | undefined> {
  const { server, tls, location } = target;
  const isPlain = tls === undefined && !('socket' in server);
  if (
    isPlain &&
    (await speaksTls(
      server,
      { tlsTerms: TLS_TERMS, tunnel: target.tunnel },
      new Deadline(Math.min(target.timeoutMs, PROBE_TIMEOUT_MS)),
    ))
  ) {
    return onlyTls(location);
  }

  const plain = await answerTo(VERSION, target);
  if (spoken === 'binary') return /^VERSION |^(?:CLIENT_|SERVER_)?ERROR/.test(plain) ? onlyText(location) : undefined;
  // So it closed the connection because of the meta command.
  if (plain.startsWith('VERSION ')) return noMetaCommands(location);
  const answer = await answerTo(SASL_MECHANISMS, target);
  if (!answer.startsWith(BINARY_ANSWER)) return undefined;
  // A server without SASL does not know the command.
  return answer.codePointAt(STATUS_AT) === 0 ? wantsLogin(location) : onlyBinary(location);
}

/** As long as the header of a binary request: a binary server would wait for the rest of a shorter one. */
const VERSION = Buffer.from(`${'version'.padEnd(22)}\r\n`);

/** The binary protocol's request for SASL mechanisms, which works without a login. */
const SASL_MECHANISMS = Buffer.alloc(24);
SASL_MECHANISMS[0] = 0x80;
SASL_MECHANISMS[1] = 0x20;

/** The beginning of a binary answer, in Latin-1. */
const BINARY_ANSWER = '\u0081 ';

/** The offset of the lower byte of a binary answer's status. */
const STATUS_AT = 7;

/** The first chunk of the answer, in Latin-1. Empty if the connection fails. */
async function answerTo(question: Buffer, target: Target): Promise<string> {
  const over = new AbortController();
  let received: (answer: string) => void;
  const answer = new Promise<string>((resolve) => {
    received = resolve;
  });
  try {
    const socket = await dial(target, over.signal, (chunk) => received(chunk.toString('latin1')));
    socket.on('error', () => received(''));
    socket.on('close', () => received(''));
    socket.write(question);
    const late = sleep(Math.min(target.timeoutMs, PROBE_TIMEOUT_MS), '', { signal: over.signal }).catch(() => '');
    const text = await Promise.race([answer, late]);
    socket.destroy();
    return text;
  } catch (error) {
    if (error instanceof UnreachableError) return '';
    throw error;
  } finally {
    over.abort();
  }
}
