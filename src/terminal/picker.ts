import { setTimeout as sleep } from 'node:timers/promises';

import type { Choice, Found } from './prompts.js';

import { UnsupportedError, UsageError } from '../errors.js';
import { escapeGlob } from '../stores/listing/glob.js';
import { forTerminal, lineField } from './value-text.js';

/** Items that are offered at once: more than anybody reads. */
const MOST_OFFERED = 200;

/** How long a search may take, in milliseconds: of very many keys few may match. */
const PATIENCE_MS = 10_000;

/** How long nothing may be typed before a search begins, in milliseconds. */
const PAUSE_MS = 150;

/** Whether somebody sits there who can be asked: in a pipe, or where a program reads the answer, nobody can. */
export function canAsk({ json }: { readonly json: boolean }): boolean {
  return !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** An argument that a person may choose instead of typing it. */
export interface Picking<Item> {
  /** Its name in usage lines: `KEY`. */
  readonly argument: string;
  /** What it names: `key`. */
  readonly noun: string;
  /** What the command does with it: `get`. */
  readonly verb: string;
  /** The hint when there is nothing to choose from. */
  readonly none: string;
  /** What matches a glob; ends when the signal is aborted. */
  find(glob: string, signal: AbortSignal): AsyncIterable<readonly Item[]>;
  nameOf(item: Item): string;
  /** The item of exactly that name, which is offered first. */
  exact?(name: string): Promise<Item | undefined>;
  show(item: Item): Choice;
}

/**
 * Ask a person to choose. Returns the name of the item.
 * @throws UsageError where the store cannot list items, or there are none
 */
export async function pick<Item>(picking: Picking<Item>, signal: AbortSignal): Promise<string> {
  const { argument, noun, verb, none, nameOf, show } = picking;
  const search = async (typed: string | undefined, until: AbortSignal): Promise<Found<Item>> =>
    searchFor(typed, until, picking);
  // Before the prompt, so that a store that is down or cannot list fails as an error.
  const all = await search(undefined, signal).catch((error: unknown) => {
    throw error instanceof UnsupportedError ? missingArgument(argument, `Name the ${noun}: ${error.message}.`) : error;
  });
  if (all.items.length === 0 && all.more === undefined) throw missingArgument(argument, none);
  const { chooseOne } = await import('./prompts.js');
  const chosen = await chooseOne(
    `Which ${noun} to ${verb}? Type to search:`,
    async (typed, until) => (typed === undefined ? all : search(typed, until)),
    show,
  );
  return nameOf(chosen);
}

/** A required argument that is missing where no one can be asked to choose one. */
export function missingArgument(argument: string, hint: string): UsageError {
  return new UsageError(`missing argument ${argument}`, hint);
}

/**
 * Items that match the typed text: the one of that name, then names that begin with it (most stores find those fast),
 * or else names that contain it. A glob is used as it is. Ends early when there is enough, or when it takes too long.
 */
async function searchFor<Item>(
  typed: string | undefined,
  signal: AbortSignal,
  { find, nameOf, exact }: Pick<Picking<Item>, 'exact' | 'find' | 'nameOf'>,
): Promise<Found<Item>> {
  if (typed !== undefined) await sleep(PAUSE_MS, undefined, { signal });
  const late = AbortSignal.timeout(PATIENCE_MS);
  const until = AbortSignal.any([signal, late]);
  const found = new Map<string, Item>();
  const offer = (more?: string): Found<Item> => ({ items: [...found.values()].slice(0, MOST_OFFERED), more });
  try {
    const named = typed === undefined ? undefined : await exact?.(typed);
    if (named !== undefined) found.set(nameOf(named), named);
    for (const glob of globsOf(typed)) {
      if (await gather(find(glob, until), found, nameOf))
        return offer(`more than ${MOST_OFFERED}; type to narrow them down`);
      if (found.size > 0)
        return offer(
          typed === undefined || isGlob(typed)
            ? undefined
            : `those that begin so; *${offered(typed)}* finds it anywhere`,
        );
    }
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    return offer(`searched for ${PATIENCE_MS / 1000}s; there may be others`);
  }

  return offer();
}

/** Whether there are more than are offered; then it has ended early. */
async function gather<Item>(
  pages: AsyncIterable<readonly Item[]>,
  found: Map<string, Item>,
  nameOf: (item: Item) => string,
): Promise<boolean> {
  for await (const page of pages) {
    for (const item of page) found.set(nameOf(item), item);
    if (found.size > MOST_OFFERED) return true;
  }

  return false;
}

/** On one line that does not wrap, whatever it holds. */
export function offered(text: string, room = 8): string {
  const line = forTerminal(Buffer.from(lineField(text)));
  const most = Math.max(20, (process.stderr.columns || 80) - room);
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

function globsOf(typed: string | undefined): readonly string[] {
  if (typed === undefined) return ['*'];
  if (isGlob(typed)) return [typed];
  const literal = escapeGlob(typed);
  return [`${literal}*`, `*${literal}*`];
}

function isGlob(typed: string): boolean {
  return /[*?[]/.test(typed);
}
