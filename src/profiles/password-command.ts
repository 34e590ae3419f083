import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { PasswordCommand } from './password.js';

import { ConfigError } from '../errors.js';

/** Milliseconds: enough for a secret manager that asks its user to unlock it. */
const TIMEOUT_MS = 60_000;

/** Bytes. A token of AWS has about 1500. */
const MAX_BYTES = 16_384;

/**
 * The password that a command prints, without the line break at its end. Runs each command once per process. Its output
 * is never shown, since it may be a secret.
 * @throws ConfigError with the exit code of the command
 */
export async function runPasswordCommand(command: PasswordCommand, env: NodeJS.ProcessEnv): Promise<string> {
  const id = JSON.stringify([command.folder, command.command]);
  const known = results.get(id) ?? run(command, env);
  results.set(id, known);
  return known;
}

const results = new Map<string, Promise<string>>();

async function run({ command, folder, name }: PasswordCommand, env: NodeJS.ProcessEnv): Promise<string> {
  const isShell = typeof command === 'string';
  const [program, ...args] = isShell ? [command] : (command as readonly [string, ...string[]]);
  const options = { cwd: folder, env, maxBuffer: MAX_BYTES, shell: isShell, timeout: TIMEOUT_MS, windowsHide: true };
  let output: string;
  try {
    const running = promisify(execFile)(program, args, options);
    running.child.stdin?.end();
    ({ stdout: output } = await running);
  } catch (error) {
    throw new ConfigError(`${name} ${reasonOf(error)}`, 'Run it by hand to see why. Its output is not shown here.');
  }

  const password = output.replace(/\r?\n$/, '');
  if (password !== '' && !/[\r\n\0]/.test(password)) return password;
  throw new ConfigError(
    `${name} printed ${password === '' ? 'nothing' : 'more than one line'}`,
    'Its standard output must be the password and nothing else.',
  );
}

function reasonOf(error: unknown): string {
  const { code, killed, signal } = error as NodeJS.ErrnoException & { killed?: boolean; signal?: null | string };
  if ((code as unknown) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `printed more than ${MAX_BYTES} bytes`;
  if (typeof code === 'number') return `exited ${String(code)}`;
  if (killed === true) return `did not end within ${TIMEOUT_MS / 1000} s`;
  if (signal) return `was ended by ${signal}`;
  return code === 'ENOENT' ? 'names a program that is not there' : `cannot be run (${code ?? 'unknown error'})`;
}
