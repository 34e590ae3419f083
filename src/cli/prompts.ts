import { createPromptModule } from 'inquirer';

import { DeclinedError, InterruptedError } from '../errors.js';

/** @throws DeclinedError unless the person says yes */
export async function confirmByYes(message: string): Promise<void> {
  const { yes } = await asked(async (prompt) => prompt({ type: 'confirm', name: 'yes', message, default: false }));
  if (!yes) throw new DeclinedError('nothing was changed', '');
}

/** @throws DeclinedError unless the person types `name` */
export async function confirmByName(name: string): Promise<void> {
  const message = `This profile is protected. Type its name (${name}) to go ahead:`;
  const { typed } = await asked(async (prompt) => prompt({ type: 'input', name: 'typed', message }));
  if (typed !== name) throw new DeclinedError(`that is not ${name}; nothing was changed`, '');
}

/** inquirer tells of Ctrl-C by an error of its own, and of Ctrl-D not at all: it would wait on a closed terminal. */
async function asked<T>(question: (prompt: PromptModule) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const onInput = (bytes: Buffer): void => {
    if (bytes.includes(CTRL_D)) gone.abort();
  };

  const onEnd = (): void => gone.abort();
  // Standard output is for the answer; questions go where the other words to people go.
  const prompt = createPromptModule({ output: process.stderr, signal: gone.signal });
  process.stdin.on('data', onInput).on('end', onEnd);
  try {
    return await question(prompt);
  } catch (error) {
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw new InterruptedError('interrupted; nothing was changed', '');
    }

    throw error;
  } finally {
    process.stdin.off('data', onInput).off('end', onEnd);
  }
}

type PromptModule = ReturnType<typeof createPromptModule<never>>;

const CTRL_D = 4;
