import type { Fail, Fields, Folders } from '../fields.js';
import type { SshTunnel } from '../profile.js';

import { requireTrusted } from '../file/trust.js';
import { given } from './redis-connection.js';

const KEYS = ['destination', 'port', 'identityFile', 'config'];

/** `ssh: user@bastion`, or a map. */
export function readSsh(fields: Fields, folders: Folders): SshTunnel | undefined {
  if (!fields.has('ssh')) return undefined;
  if (fields.has('socket')) {
    fields.fail(
      'socket',
      'cannot be combined with ssh',
      'Give the host and port of the server, as the bastion sees it.',
    );
  }

  requireTrusted(folders.foundFile, 'its ssh tunnel is not opened');
  const part = fields.fields('ssh');
  if (part === undefined) {
    return { destination: toDestination(fields.filled('ssh')!, (problem, hint) => fields.fail('ssh', problem, hint)) };
  }

  part.only(KEYS, 'Keys of ssh');
  const fail: Fail = (problem, hint) => part.fail('destination', problem, hint);
  return {
    destination: toDestination(part.filled('destination') ?? fail('is missing', 'Add destination: user@bastion'), fail),
    ...given('port', part.integer('port', 1, 65_535)),
    ...given('identityFile', part.path('identityFile', folders)),
    ...given('config', part.path('config', folders)),
  };
}

/** ssh takes a word that begins with a dash for a flag. */
function toDestination(text: string, fail: Fail): string {
  if (text.startsWith('-') || /[\s\p{Cc}]/u.test(text)) {
    fail('is not the name of a host', 'Write user@host, ssh://user@host:port, or a host of ~/.ssh/config.');
  }

  return text;
}
