import { setTimeout as sleep } from 'node:timers/promises';

import type { Choice, Found } from './prompts.js';

import { UnsupportedError, UsageError } from '../errors.js';
import { escapeGlob } from '../stores/listing/glob.js';
import { forTerminal, lineField } from './value-text.js';

/** The maximum number of items to offer. */
const MAX_OFFERED = 200;

/** Search timeout, in milliseconds. Few of very many keys may match. */
const SEARCH_TIMEOUT_MS = 10_000;

/** Debounce interval for typing, in milliseconds. */
const DEBOUNCE_MS = 150;

/** Whether the command may prompt: on a terminal, and not with --json. */
export function canAsk({ json }: { readonly json: boolean }): boolean {
  return !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** An argument that a person can pick from a list instead of typing it. */
export interface Picking<Item> {
  /** The name in usage lines: `KEY`. */
  readonly argument: string;
  /** The kind of item: `key`. */
  readonly noun: string;
  /** The action of the command: `get`. */
  readonly verb: string;
  /** The hint when there is nothing to choose from. */
  readonly none: string;
  /** Open connections again that the server closed while the person was thinking. */
  reconnect(): Promise<void>;
  /** Yield the items that match a glob, until the signal is aborted. */
  find(glob: string, signal: AbortSignal): AsyncIterable<readonly Item[]>;
  nameOf(item: Item): string;
  /** Find the item with exactly this name. It is offered first. */
  exact?(name: string): Promise<Item | undefined>;
  show(item: Item): Choice;
}

/**
 * Ask a person to choose an item, and return its name.
 * @throws UsageError if the store cannot list items or has none
 */
export async function pick<Item>(picking: Picking<Item>, signal: AbortSignal): Promise<string> {
  const { argument, noun, verb, none, nameOf, show } = picking;
  const search = async (typed: string | undefined, until: AbortSignal): Promise<Found<Item>> =>
    searchFor(typed, until, picking);
  // List before the prompt, so a store that is down or cannot list fails with an error.
  const all = await search(undefined, signal).catch((error: unknown) => {
    throw error instanceof UnsupportedError ? missingArgument(argument, `Name the ${noun}: ${error.message}.`) : error;
  });
  if (all.items.length === 0 && all.more === undefined) throw missingArgument(argument, none);
  const { chooseOne } = await import('./prompts.js');
  const chosen = await chooseOne(
    `Which ${noun} to ${verb}? Type to search:`,
    async (typed, until) => {
      if (typed === undefined) return all;
      await picking.reconnect();
      return search(typed, until);
    },
    show,
  );
  await picking.reconnect();
  return nameOf(chosen);
}

/** The error for a missing argument where prompting is impossible. */
export function missingArgument(argument: string, hint: string): UsageError {
  return new UsageError(`missing argument ${argument}`, hint);
}

/**
 * Find items for the typed text: the exact name, then names that begin with it (fast in most stores). If there are
 * none, find names that contain it. A glob is used unchanged. Stops after MAX_OFFERED items or at the timeout.
 */
async function searchFor<Item>(
  typed: string | undefined,
  signal: AbortSignal,
  { find, nameOf, exact }: Pick<Picking<Item>, 'exact' | 'find' | 'nameOf'>,
): Promise<Found<Item>> {
  if (typed !== undefined) await sleep(DEBOUNCE_MS, undefined, { signal });
  const timeout = AbortSignal.timeout(SEARCH_TIMEOUT_MS);
  const until = AbortSignal.any([signal, timeout]);
  const found = new Map<string, Item>();
  const offer = (more?: string): Found<Item> => ({ items: [...found.values()].slice(0, MAX_OFFERED), more });
  try {
    const named = typed === undefined ? undefined : await exact?.(typed);
    if (named !== undefined) found.set(nameOf(named), named);
    for (const glob of globsOf(typed)) {
      if (await gather(find(glob, until), found, nameOf))
        return offer(`more than ${MAX_OFFERED}; type to narrow them down`);
      if (found.size > 0)
        return offer(
          typed === undefined || isGlob(typed)
            ? undefined
            : `those that begin so; *${offered(typed)}* finds it anywhere`,
        );
    }
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    return offer(`searched for ${SEARCH_TIMEOUT_MS / 1000}s; there may be others`);
  }

  return offer();
}

/** Collect items. Stops and returns true if there are more than can be offered. */
async function gather<Item>(
  pages: AsyncIterable<readonly Item[]>,
  found: Map<string, Item>,
  nameOf: (item: Item) => string,
): Promise<boolean> {
  for await (const page of pages) {
    for (const item of page) found.set(nameOf(item), item);
    if (found.size > MAX_OFFERED) return true;
  }

  return false;
}

/** Shorten a text to one line that does not wrap. Control characters are escaped. */
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
