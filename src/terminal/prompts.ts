import inquirer, { createPromptModule } from 'inquirer';

import { DeclinedError, InterruptedError } from '../errors.js';
import { wrapMessage } from './wrap.js';

/** @throws DeclinedError unless the person says yes */
export async function confirmByYes(message: string): Promise<void> {
  const { yes } = await asked(async (prompt) =>
    prompt({ type: 'confirm', name: 'yes', message: wrapped(message), default: false }),
  );
  if (!yes) throw new DeclinedError('nothing was changed', '');
}

/** @throws DeclinedError unless the person types `name` */
export async function confirmByName(name: string): Promise<void> {
  const message = `This profile is protected. Type its name (${name}) to go ahead:`;
  const { typed } = await asked(async (prompt) => prompt({ type: 'input', name: 'typed', message: wrapped(message) }));
  if (typed !== name) throw new DeclinedError(`the name is not ${name}; nothing was changed`, '');
}

/** Ask a yes-or-no question. @param preset the default for Enter */
export async function confirmed(message: string, preset: boolean): Promise<boolean> {
  const { yes } = await asked(async (prompt) => prompt({ type: 'confirm', name: 'yes', message, default: preset }));
  return yes;
}

/** Ask for a line of text. @param check returns what is wrong with it, or undefined */
export async function askText(
  message: string,
  preset: string,
  check?: (text: string) => Promise<string | undefined> | string | undefined,
): Promise<string> {
  const validate = async (text: string) => (await check?.(text)) ?? true;
  const { text } = await asked(async (prompt) =>
    prompt<{ text: string }>({ type: 'input', name: 'text', message, default: preset, validate }),
  );
  return text;
}

/** Ask for one of a few items. */
export async function chooseFrom<Item>(message: string, items: readonly Item[], shown: (item: Item) => Choice) {
  const choices = items.map((item, index) => ({ value: index, ...shown(item) }));
  const { index } = await asked(async (prompt) =>
    prompt<{ index: number }>({ type: 'select', name: 'index', message, choices }),
  );
  return items[index]!;
}

/** The results of a search, perhaps incomplete. */
export interface Found<Item> {
  readonly items: readonly Item[];
  /** Why there may be more results. Undefined if these are all. */
  readonly more?: string | undefined;
}

/** How an item is shown. Callers must escape control characters. */
export interface Choice {
  readonly name: string;
  /** Shown instead of `name` after the choice. */
  readonly short?: string;
  readonly description: string;
}

/**
 * Ask a person to choose a search result. `search` runs again as the person types. Its signal aborts an outdated
 * search.
 * @throws InterruptedError
 */
export async function chooseOne<Item>(
  message: string,
  search: (typed: string | undefined, signal: AbortSignal) => Promise<Found<Item>>,
  shown: (item: Item) => Choice,
): Promise<Item> {
  let listed: readonly Item[] = [];
  const source = async (typed: string | undefined, { signal }: { signal: AbortSignal }) => {
    const { items, more } = await search(typed, signal);
    if (!signal.aborted) listed = items;
    const choices = items.map((item, index) => ({ value: index, ...shown(item) }));
    return more === undefined ? choices : [...choices, new inquirer.Separator(`(${more})`)];
  };

  const { index } = await asked(async (prompt) =>
    prompt<{ index: number }>({ type: 'search', name: 'index', message: wrapped(message), pageSize: PAGE, source }),
  );
  return listed[index]!;
}

/** Wrap at words, since inquirer breaks words. The first columns are left for its `? ` mark. */
function wrapped(message: string): string {
  return wrapMessage(`${MARK}${message}`).slice(MARK.length);
}

const MARK = '? ';

/** Choices shown at once. */
const PAGE = 10;

/** Turn Ctrl-C and Ctrl-D into InterruptedError. inquirer ignores Ctrl-D and would wait on a closed terminal. */
async function asked<T>(question: (prompt: PromptModule) => Promise<T>): Promise<T> {
  const closed = new AbortController();
  const onInput = (bytes: Buffer): void => {
    if (bytes.includes(CTRL_D)) closed.abort();
  };

  const onEnd = (): void => closed.abort();
  // Standard output carries the answer only, so prompts go to standard error.
  const prompt = createPromptModule({ output: process.stderr, signal: closed.signal });
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
