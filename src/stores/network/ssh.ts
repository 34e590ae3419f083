import type { Socket } from 'node:net';

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import type { SshTunnel } from '../../profiles/profile.js';

import { deferred, withTimeout } from '../../async.js';
import { type CachectlError, InterruptedError, TimeoutError, UnreachableError } from '../../errors.js';

/** A running `ssh -D`. */
export interface Ssh {
  /** Resolves when ssh has ended. */
  readonly ended: Promise<void>;
  readonly isRunning: boolean;
  /** The last line that ssh printed; empty if there was none. */
  readonly lastWords: string;
  /** The oldest reason, not yet returned, why the bastion did not open a connection. */
  takeRefusal(): string | undefined;
  stop(): void;
}

/**
 * Start ssh as a SOCKS proxy on a local port, and wait until it is logged in and listens. It may ask for a password or
 * about a host key if there is a terminal. It ends with this process, even if that is killed.
 * @param mayAsk false: never use the terminal
 * @throws UnreachableError, TimeoutError, InterruptedError
 */
export async function startSsh(
  settings: SshTunnel,
  { port, timeoutMs, mayAsk }: { readonly port: number; readonly timeoutMs: number; readonly mayAsk: boolean },
): Promise<Ssh> {
  const asks = mayAsk && hasTerminal();
  const child = spawn('/bin/sh', ['-c', IGNORE_AND_RUN, 'ssh', ...argumentsOf(settings, { port, timeoutMs, asks })], {
    // ssh runs LocalCommand with this shell.
    env: { ...process.env, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ready = deferred<void>();
  const ended = deferred<void>();
  const refusals: string[] = [];
  let isRunning = true;
  let lastWords = '';
  let hasOtherKey = false;
  let rest = '';
  child.stdin.on('error', ignore);
  child.stdout.once('data', () => ready.resolve());
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      const refusal = REFUSAL.exec(line)?.[1];
      if (refusal !== undefined) refusals.push(refusal);
      else if (line.includes('HOST IDENTIFICATION HAS CHANGED')) hasOtherKey = true;
      else if (line.trim() !== '') lastWords = hasOtherKey && line.startsWith(UNVERIFIED) ? OTHER_KEY : line.trim();
    }
  });
  const end = (): void => {
    isRunning = false;
    child.stdin.destroy();
    ended.resolve();
  };

  child.once('error', (error) => {
    lastWords = error.message;
    end();
  });
  // Comes after all output.
  child.once('close', end);
  const stop = (): void => {
    child.stdin.destroy();
    child.kill('SIGTERM');
  };

  const interrupted = deferred<never>();
  const interrupt = (): void => {
    interrupted.reject(
      new InterruptedError(`interrupted while ssh connected to ${settings.destination}`, 'Nothing was done.'),
    );
  };

  process.once('SIGINT', interrupt);
  try {
    const limitMs = asks ? Math.max(MAX_MS, timeoutMs) : timeoutMs;
    const failed = ended.promise.then(() => {
      throw failure(settings, child.exitCode, lastWords);
    });
    await withTimeout(Promise.race([ready.promise, failed, interrupted.promise]), limitMs, () =>
      late(settings, limitMs),
    );
  } catch (error) {
    stop();
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
  }

  // An open tunnel does not keep the program alive, and ends with it.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as Socket).unref();
  return {
    ended: ended.promise,
    get isRunning() {
      return isRunning;
    },
    get lastWords() {
      return lastWords;
    },
    takeRefusal: () => refusals.shift(),
    stop,
  };
}

/** In milliseconds: enough to look up a password or to confirm a key. */
const MAX_MS = 60_000;

/** Ctrl-C at a terminal reaches the whole process group, but the tunnel stays open until its store is closed. */
const IGNORE_AND_RUN = `trap '' HUP INT QUIT; exec ssh "$@"`;

/**
 * ssh runs this once it is logged in and listens. The background process kills ssh when its standard input, a pipe from
 * this process, is closed.
 */
const ANNOUNCE_AND_GUARD = 'echo ready; exec 3<&0; (cat <&3; kill $PPID) >/dev/null 2>&1 &';

/** Whether ssh can prompt: it uses the controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    // No controlling terminal.
    return false;
  }
}

function argumentsOf(
  { destination, port: sshPort, identityFile, config }: SshTunnel,
  { port, timeoutMs, asks }: { readonly port: number; readonly timeoutMs: number; readonly asks: boolean },
): string[] {
  const options = {
    BatchMode: asks ? 'no' : 'yes',
    ConnectTimeout: String(Math.max(1, Math.ceil(timeoutMs / 1000))),
    // A shared connection would keep the port open after this process ends.
    ControlMaster: 'no',
    ControlPath: 'none',
    ExitOnForwardFailure: 'yes',
    LocalCommand: ANNOUNCE_AND_GUARD,
    // Below this level, ssh does not report refused connections.
    LogLevel: 'INFO',
    PermitLocalCommand: 'yes',
    ServerAliveInterval: '15',
  };
  return [
    '-N',
    '-a',
    '-x',
    '-D',
    `127.0.0.1:${port}`,
    ...(config === undefined ? [] : ['-F', config]),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    ...(sshPort === undefined ? [] : ['-p', String(sshPort)]),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    '--',
    destination,
  ];
}

const UNVERIFIED = 'Host key verification failed';

/** Replaces `UNVERIFIED`, with which ssh ends after a long warning. */
const OTHER_KEY = 'its host key is not the one that known_hosts has for it';

const REFUSAL = /^channel \d+: open failed: (.*)$/;

function failure(settings: SshTunnel, exitCode: number | null, words: string): CachectlError {
  if (exitCode === NOT_FOUND) {
    return new UnreachableError(
      `cannot open the ssh tunnel through ${settings.destination}: there is no ssh on PATH`,
      'Install the OpenSSH client, or remove ssh from the profile.',
    );
  }

  const reason = words === '' ? `ssh exited ${String(exitCode)}` : without(`${settings.destination}: `, words);
  return new UnreachableError(
    `cannot open the ssh tunnel through ${settings.destination}: ${reason}`,
    hintFor(settings, words),
  );
}

/** ssh begins some lines with the destination. */
function without(prefix: string, words: string): string {
  return words.startsWith(prefix) ? words.slice(prefix.length) : words;
}

/** The shell's exit code for a missing program. */
const NOT_FOUND = 127;

function hintFor(settings: SshTunnel, words: string): string {
  const byHand = commandOf(settings);
  if (words === OTHER_KEY)
    return `Ask its administrator whether the key was changed. ssh names the old entry: ${byHand}`;
  if (words.startsWith(UNVERIFIED)) return `Check and save its host key by logging in once: ${byHand}`;
  if (words.includes('Permission denied'))
    return `Load its key with ssh-add, or set identityFile. To see why, run: ${byHand} -v`;
  if (words.startsWith('Could not request local forwarding')) {
    return 'Forwards in the ssh configuration of that host are open already. Use a host entry without forwards.';
  }

  return `Check the bastion by hand: ${byHand}`;
}

/** The ssh command for the same login at a terminal. */
export function commandOf({ destination, port, identityFile, config }: SshTunnel): string {
  const flags = [
    config === undefined ? '' : ` -F ${config}`,
    identityFile === undefined ? '' : ` -i ${identityFile}`,
    port === undefined ? '' : ` -p ${port}`,
  ];
  return `ssh${flags.join('')} ${destination}`;
}

function late(settings: SshTunnel, limitMs: number): TimeoutError {
  return new TimeoutError(
    `ssh did not connect to ${settings.destination} within ${limitMs / 1000} s`,
    `Allow more time with --timeout 30s, or check the bastion by hand: ${commandOf(settings)}`,
  );
}

function ignore(): void {
  // ssh has ended, which the caller learns anyway.
}
