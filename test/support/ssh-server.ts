import type { Context } from 'mocha';

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';

import { ended } from './memcached-server.js';
import { freePort } from './redis-server.js';
import { lacking, programPath, requireProgram } from './requirements.js';
import { scratchFolder } from './scratch.js';

/** A bastion on this machine, into which this user can log in with a key. */
export interface SshServer {
  /** The `ssh` of a profile. */
  readonly settings: {
    readonly destination: string;
    readonly port: number;
    /** Names the key and the known hosts, and never prompts. */
    readonly config: string;
  };
  /** The local ports to which it connected. */
  forwarded(): readonly number[];
  /** End it and its connections, as if the machine failed. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options lines of sshd_config */
export async function startSshServer(context: Context, ...options: string[]): Promise<SshServer> {
  const inSbin = '/usr/sbin/sshd';
  const program = programPath('sshd') ?? (existsSync(inSbin) ? inSbin : lacking(context, 'sshd is not installed'));
  requireProgram(context, 'ssh');
  const keygen = requireProgram(context, 'ssh-keygen');
  const folder = scratchFolder('ssh');
  const file = (name: string): string => path.join(folder, name);
  for (const name of ['host', 'user']) execFileSync(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  const port = await freePort();
  const lines = [
    ...options,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host')}`,
    `AuthorizedKeysFile ${file('user.pub')}`,
    // The folder is below /tmp, which is writable for everyone.
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'LogLevel DEBUG1',
  ];
  writeFileSync(file('sshd_config'), `${lines.join('\n')}\n`);
  const [type, key] = readFileSync(file('host.pub'), 'utf8').split(' ');
  writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`);
  writeFileSync(file('config'), configOf(file('user'), file('known_hosts')));
  // Debian's sshd requires it when root runs it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const server = spawn(program, ['-D', '-e', '-f', file('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  while (!log.includes('Server listening on')) {
    const [event] = (await Promise.race([once(server.stderr, 'data'), once(server, 'exit')])) as unknown[];
    if (typeof event !== 'string') throw new Error(`sshd ended: ${log}`);
  }

  return {
    settings: { destination: `${userInfo().username}@127.0.0.1`, port, config: file('config') },
    forwarded: () =>
      [...log.matchAll(/direct_tcpip: .* target localhost port (\d+)/g)].map(([, found]) => Number(found)),
    async kill() {
      for (const pid of descendants(server.pid!)) process.kill(pid, 'SIGKILL');
      await ended(server, 'SIGKILL');
    },
    async stop() {
      await ended(server, 'SIGTERM');
    },
  };
}

/** Each connection has processes of its own, in a session of its own. */
function descendants(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const children = pairs.filter(([, parent]) => parent === pid).map(([child]) => child!);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function configOf(key: string, knownHosts: string): string {
  const lines = [`IdentityFile ${key}`, 'IdentitiesOnly yes', `UserKnownHostsFile ${knownHosts}`];
  return ['Host *', ...lines, 'StrictHostKeyChecking yes', ''].join('\n');
}
