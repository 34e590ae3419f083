import { setTimeout as sleep } from 'node:timers/promises';

import type { CachectlError } from '../../../errors.js';
import type { Target } from './target.js';

import { UnreachableError } from '../../../errors.js';
import { speaksTls } from '../../network/handshake.js';
import { Deadline } from '../../network/tcp.js';
import { noMetaCommands, onlyBinary, onlyText, onlyTls, TLS_TERMS, wantsLogin } from './access-errors.js';
import { dial } from './dial.js';

/** For each question, in milliseconds: a better reason must not take long. */
const PATIENCE_MS = 1000;

/**
 * Why a server hung up on one that spoke `spoken` to it: it wants TLS, the other protocol, or no meta commands. Undefined when it is none of
 * these.
 */
export async function misfit(target: Target, spoken: 'binary' | 'text'): Promise<CachectlError | undefined> {
  const { server, tls, location } = target;
  const isPlain = tls === undefined && !('socket' in server);
  if (isPlain && (await speaksTls(server, TLS_TERMS, new Deadline(Math.min(target.timeoutMs, PATIENCE_MS))))) {
    return onlyTls(location);
  }

  const plain = await answerTo(VERSION, target);
  if (spoken === 'binary') return /^VERSION |^(?:CLIENT_|SERVER_)?ERROR/.test(plain) ? onlyText(location) : undefined;
  // It hung up on the meta command behind it.
  if (plain.startsWith('VERSION ')) return noMetaCommands(location);
  const answer = await answerTo(SASL_MECHANISMS, target);
  if (!answer.startsWith(BINARY_ANSWER)) return undefined;
  // Whoever has no SASL does not know the command.
  return answer.codePointAt(STATUS_AT) === 0 ? wantsLogin(location) : onlyBinary(location);
}

/** As long as the header of a binary request: a server that speaks nothing else would wait for the rest of a shorter one. */
const VERSION = Buffer.from(`${'version'.padEnd(22)}\r\n`);

/** The binary protocol's question for them, which may be asked without a login. */
const SASL_MECHANISMS = Buffer.alloc(24);
SASL_MECHANISMS[0] = 0x80;
SASL_MECHANISMS[1] = 0x20;

/** What a binary answer begins with, in Latin-1. */
const BINARY_ANSWER = '\u0081 ';

/** The lower byte of a binary answer's status. */
const STATUS_AT = 7;

/** The beginning of what is answered, in Latin-1. Never throws what the network does. */
async function answerTo(question: Buffer, target: Target): Promise<string> {
  const over = new AbortController();
  let heard: (answer: string) => void;
  const answer = new Promise<string>((resolve) => {
    heard = resolve;
  });
  try {
    const socket = await dial(target, over.signal, (chunk) => heard(chunk.toString('latin1')));
    socket.on('error', () => heard(''));
    socket.on('close', () => heard(''));
    socket.write(question);
    const late = sleep(Math.min(target.timeoutMs, PATIENCE_MS), '', { signal: over.signal }).catch(() => '');
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
