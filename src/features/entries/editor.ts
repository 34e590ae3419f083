import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { DeclinedError, UsageError } from '../../errors.js';
import { callersEnvironment } from '../../runtime/environment.js';

/** A text in a file that only the user can read. */
export interface Draft {
  readonly file: string;
  read(): Buffer;
  remove(): void;
}

/** @throws UsageError where none is set and there is no terminal for the default */
export function checkEditor(): void {
  if (editor() !== undefined || process.stdin.isTTY) return;
  throw new UsageError('no editor is set', 'Set VISUAL or EDITOR to a program that takes a file: EDITOR=nano');
}

/**
 * Opens a text in the user's editor and waits for its end.
 * @param name of the file; editors go by its extension
 * @throws DeclinedError when the editor fails; the draft is removed then
 */
export async function editText(name: string, text: Buffer): Promise<Draft> {
  // mkdtemp makes it for the user alone.
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-'));
  const file = path.join(folder, name);
  const draft: Draft = {
    file,
    read: () => readFileSync(file),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  try {
    writeFileSync(file, text, { mode: 0o600 });
    const program = editor() ?? 'vi';
    const code = await exitCodeOf(program, file);
    if (code !== 0) {
      throw new DeclinedError(`the editor (${program}) exited with code ${code}: nothing was changed`, EDITOR_HINT);
    }

    return draft;
  } catch (error) {
    draft.remove();
    throw error;
  }
}

const EDITOR_HINT = 'Editors exit so when they cannot run, and on :cq in vi. VISUAL or EDITOR chooses another.';

function editor(): string | undefined {
  const { VISUAL, EDITOR } = process.env;
  return VISUAL || EDITOR || undefined;
}

/** By the shell, since EDITOR may have arguments. Its screen goes to standard error where the answer goes to a pipe. */
async function exitCodeOf(program: string, file: string): Promise<number | string> {
  const child = spawn('sh', ['-c', `${program} "$1"`, program, file], {
    env: callersEnvironment(),
    stdio: ['inherit', process.stdout.isTTY ? 'inherit' : 2, 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 1));
  });
}
