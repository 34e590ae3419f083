import type { Cluster, Redis } from 'ioredis';

import type { CachectlError } from '../../../errors.js';
import type { Command, Reply } from './command.js';

import { TimeoutError, UnansweredError } from '../../../errors.js';
import { isUtf8Key, keyToBytes } from '../../entries/key-text.js';
import { checkReply } from './reply-types.js';

/** Translate an error reply or a failure into an error that names the server. */
export type Explain = (error: unknown) => CachectlError;

/** Send one command. @throws the translated error */
export async function send(client: Cluster | Redis, command: Command, explain: Explain): Promise<Reply> {
  try {
    return checkReply(command, (await client.callBuffer(...asArguments(command))) as Reply);
  } catch (error) {
    throw unanswered(explain(error));
  }
}

/** Send commands in one write to a server. A cluster client routes each command to its node. */
export async function sendAll(
  client: Cluster | Redis,
  commands: readonly Command[],
  explain: Explain,
): Promise<Array<Error | Reply>> {
  if (isCluster(client)) {
    const answers = await Promise.allSettled(commands.map(async (command) => send(client, command, explain)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error)));
  }

  const pipeline = client.pipeline();
  for (const command of commands) pipeline.callBuffer(...asArguments(command));
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, reply], index) => {
    if (error) return unanswered(explain(error));
    try {
      return checkReply(commands[index]!, reply as Reply);
    } catch (error_) {
      return explain(error_);
    }
  });
}

/** Avoids `instanceof`, which would load the cluster client. */
function isCluster(client: Cluster | Redis): client is Cluster {
  return client.isCluster;
}

/**
 * Arguments for ioredis, which writes strings as UTF-8; other keys become buffers. The cast is needed because its types
 * want mutable arguments. It does not change them.
 */
function asArguments(command: Command): [string, ...Array<Buffer | number | string>] {
  const isPlain = command.every((part) => typeof part !== 'string' || isUtf8Key(part));
  const parts = isPlain ? command : command.map((part) => (typeof part === 'string' ? sendable(part) : part));
  return parts as unknown as [string, ...Array<Buffer | number | string>];
}

function sendable(text: string): Buffer | string {
  return isUtf8Key(text) ? text : keyToBytes(text);
}

function unanswered(error: CachectlError): CachectlError {
  return error instanceof TimeoutError ? new UnansweredError(error.message, error.hint, { cause: error }) : error;
}
