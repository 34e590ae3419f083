import { setTimeout as sleep } from 'node:timers/promises';

import type { Found } from './prompts.js';

import { escapeGlob } from '../stores/glob.js';
import { forTerminal, lineField } from './value-text.js';

/** Items that are offered at once: more than anybody reads. */
const MOST_OFFERED = 200;

/** How long a search may take, in milliseconds: of very many keys few may match. */
const PATIENCE_MS = 3000;

/** How long nothing may be typed before a search begins, in milliseconds. */
const PAUSE_MS = 150;

/** Whether somebody sits there who can be asked: in a pipe, or where a program reads the answer, nobody can. */
export function canAsk({ json }: { readonly json: boolean }): boolean {
  return !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * What matches what is typed: first what begins so, then what holds it anywhere; a glob is taken as it is. Ends early
 * when there is enough, or when it takes too long.
 * @param find what matches a glob, from the store; ends with the signal
 */
export async function searchFor<Item>(
  typed: string | undefined,
  signal: AbortSignal,
  find: (glob: string, signal: AbortSignal) => AsyncIterable<readonly Item[]>,
  nameOf: (item: Item) => string,
): Promise<Found<Item>> {
  if (typed !== undefined) await sleep(PAUSE_MS, undefined, { signal });
  const late = AbortSignal.timeout(PATIENCE_MS);
  const found = new Map<string, Item>();
  try {
    for await (const page of pages(globsOf(typed), (glob) => find(glob, AbortSignal.any([signal, late])))) {
      for (const item of page) found.set(nameOf(item), item);
      if (found.size > MOST_OFFERED) return offer(found, `more than ${MOST_OFFERED}; type to narrow them down`);
      if (late.aborted) break;
    }
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
  }

  return offer(found, late.aborted ? `searched for ${PATIENCE_MS / 1000}s; there may be others` : undefined);
}

async function* pages<Page>(
  globs: readonly string[],
  find: (glob: string) => AsyncIterable<Page>,
): AsyncGenerator<Page> {
  for (const glob of globs) yield* find(glob);
}

/** On one line that does not wrap, whatever it holds. */
export function offered(text: string, room = 8): string {
  const line = forTerminal(Buffer.from(lineField(text)));
  const most = Math.max(20, (process.stderr.columns || 80) - room);
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

function offer<Item>(found: ReadonlyMap<string, Item>, more: string | undefined): Found<Item> {
  return { items: [...found.values()].slice(0, MOST_OFFERED), more };
}

function globsOf(typed: string | undefined): readonly string[] {
  if (typed === undefined) return ['*'];
  if (/[*?[]/.test(typed)) return [typed];
  const literal = escapeGlob(typed);
  return [`${literal}*`, `*${literal}*`];
}
