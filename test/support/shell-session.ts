import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** An interactive shell on a terminal of its own. */
export interface ShellSession {
  /** Types a line, Tab where it has one, and returns the arguments that the finished line has. */
  completed(typed: string): Promise<readonly string[]>;
  end(): Promise<void>;
}

/** How each shell is started without a user's settings, and how a function prints its arguments between angles. */
const SHELLS = {
  bash: {
    start: 'bash --norc --noprofile -i',
    set: String.raw`PS1='REA''DY> '; show() { shift; printf '{'; printf '<%s>' "$@"; echo '}'; }; bind 'set bell-style none'`,
    load: 'eval "$(cachectl completion bash)"',
  },
  zsh: {
    start: 'zsh -f -i',
    set: String.raw`PS1='REA''DY> '; PROMPT_SP=; unsetopt beep prompt_sp; autoload -Uz compinit; compinit -u; show() { shift; printf '{'; printf '<%s>' "$@"; echo '}'; }`,
    load: 'eval "$(cachectl completion zsh)"',
  },
  fish: {
    start: 'fish --no-config -i',
    set: String.raw`set -g fish_greeting; function fish_prompt; printf '%s' REA DY'> '; end; function show; printf '{'; printf '<%s>' $argv[2..]; echo '}'; end`,
    load: 'cachectl completion fish | source',
  },
} as const;

/**
 * Start a shell in which `cachectl` is the built program, and load its completion.
 * @param folder an empty folder: the home and working directory
 */
export async function startShell(
  shell: keyof typeof SHELLS,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<ShellSession> {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, 'cachectl'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  chmodSync(path.join(bin, 'cachectl'), 0o755);
  const { start, set, load } = SHELLS[shell];
  const child = spawn('script', ['-qec', start, '/dev/null'], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    screen += stripVTControlCharacters(chunk);
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  const shown = async (wanted: RegExp, from: number): Promise<RegExpExecArray> => {
    for (;;) {
      const found = wanted.exec(screen.slice(from));
      if (found) return found;
      const more = new Promise<boolean>((resolve) => {
        child.stdout.once('data', () => resolve(true));
      });
      if (!(await Promise.race([more, ended.then(() => false)]))) throw new Error(`${shell} ended: ${screen}`);
    }
  };

  const type = async (text: string, wanted: RegExp): Promise<RegExpExecArray> => {
    const from = screen.length;
    child.stdin.write(text);
    return shown(wanted, from);
  };

  await type(`${set}\r`, /REA ?DY> /);
  await type(`${load}; echo LOA''DED\r`, /LOADED[^]*READ?Y> /);
  return {
    async completed(typed) {
      // Ctrl-A goes to the beginning of the line.
      const [, words = ''] = await type(`${typed}\u0001show \r`, /\{((?:<[^]*>)?)\}/);
      return words.slice(1, -1).split('><');
    },
    async end() {
      child.kill();
      await ended;
    },
  };
}
