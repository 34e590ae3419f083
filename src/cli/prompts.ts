import { createPromptModule } from 'inquirer';

import { DeclinedError, InterruptedError } from '../errors.js';

// Standard output is for the answer; questions go where the other words to people go.
const prompt = createPromptModule({ output: process.stderr });

/** @throws DeclinedError unless the person says yes */
export async function confirmByYes(message: string): Promise<void> {
  const { yes } = await asked(prompt({ type: 'confirm', name: 'yes', message, default: false }));
  if (!yes) throw new DeclinedError('nothing was changed', '');
}

/** @throws DeclinedError unless the person types `name` */
export async function confirmByName(name: string): Promise<void> {
  const message = `This profile is protected. Type its name (${name}) to go ahead:`;
  const { typed } = await asked(prompt({ type: 'input', name: 'typed', message }));
  if (typed !== name) throw new DeclinedError(`that is not ${name}; nothing was changed`, '');
}

/** inquirer tells of Ctrl-C by an error of its own. */
async function asked<T>(answers: Promise<T>): Promise<T> {
  try {
    return await answers;
  } catch (error) {
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw new InterruptedError('interrupted; nothing was changed', '');
    }

    throw error;
  }
}
