import type { Store } from '../../stores/contract/store.js';
import type { Candidate, Named, NameKind } from './target.js';

import { UnreachableError } from '../../errors.js';
import { parseKey, printKey } from '../../stores/entries/printed-key.js';
import { escapeGlob } from '../../stores/listing/glob.js';
import { openStore } from '../../stores/open.js';
import { countOf } from '../../terminal/progress.js';
import { remembered } from './recent.js';

/** The time limit for a store, connecting included, in milliseconds. */
const BUDGET = 200;

/** The time limit for closing the store, in milliseconds. */
const CLOSE_BUDGET = 50;

/** The maximum number of names to read. */
const MAX_READ = 20_000;

/** The maximum number of names to offer. */
const MAX_OFFERED = 100;

/** The profiles, or names in the store, that begin with the typed text. */
export async function namesFor({ kind, head, typed, taken, flags }: Named): Promise<readonly Candidate[]> {
  const { completeProfile, stateProfile } = await import('../../profiles/resolve.js');
  const { chooseProfile, selectableProfiles } = await import('../../runtime/select-profile.js');
  if (kind === 'profile') {
    const names = await selectableProfiles(flags);
    return names.filter((name) => name.startsWith(typed)).map((name) => ({ value: head + name }));
  }

  const quiet = { ...chooseProfile(flags).choice, warn() {} };
  const profile = await completeProfile(await stateProfile(quiet), refusePasswordCommand, quiet.warn);
  if ('ssh' in profile && profile.ssh !== undefined) return [];
  const offers = await remembered([kind, typed, profile], async () => {
    const store = await openStore(profile, { timeoutMs: budget() });
    return offersOf(await listedIn(store, kind, parseKey(typed)), typed);
  });
  return offers.filter(({ value }) => !taken.includes(value)).map((offer) => ({ ...offer, value: head + offer.value }));
}

/** A secret manager takes longer than a person waits for a completion. So does a bastion. */
async function refusePasswordCommand(): Promise<never> {
  throw new UnreachableError('completion runs no passwordCommand', 'Type the name.');
}

function budget(): number {
  return Number(process.env.CACHECTL_COMPLETION_MS) || BUDGET;
}

interface Listed {
  readonly names: ReadonlySet<string>;
  /** There may be more. */
  readonly isCut: boolean;
}

/** The names that the store lists within its time limit. */
async function listedIn(store: Store, kind: Exclude<NameKind, 'profile'>, start: string): Promise<Listed> {
  const names = new Set<string>();
  const stop = new AbortController();
  let isCut = true;
  const read = async (): Promise<void> => {
    for await (const page of pagesOf(store, kind, start, stop.signal)) {
      for (const name of page) if (name.startsWith(start)) names.add(name);
      if (stop.signal.aborted || names.size >= MAX_READ) return;
    }

    isCut = false;
  };

  await within(budget(), read());
  const listed = { names: new Set(names), isCut };
  stop.abort();
  await within(CLOSE_BUDGET, store.close());
  return listed;
}

/** Wait for `work` up to a time limit. Ignores failures. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}

async function* pagesOf(
  store: Store,
  kind: Exclude<NameKind, 'profile'>,
  start: string,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const pattern = `${escapeGlob(start)}*`;
  if (kind === 'key') for await (const key of store.keys(pattern)) yield [key];
  else if (kind === 'lock') for await (const { name } of store.locks?.({ signal }) ?? []) yield [name];
  else {
    const index = await store.tagIndex?.();
    for await (const page of index?.tags({ pattern, signal }) ?? []) yield page.map(({ name }) => name);
  }
}

/**
 * Names as they are typed. Many names are grouped by their next part, as a shell completes paths: `users:`. If some are
 * left out, the typed word is offered too. Otherwise the shell would insert the common beginning of the others.
 */
function offersOf({ names, isCut }: Listed, typed: string): readonly Candidate[] {
  const printed = [...names].map((name) => printKey(name)).filter((name) => !name.startsWith('-'));
  const grouped = printed.length > MAX_OFFERED ? groups(printed, typed.length) : printed.map((value) => ({ value }));
  const sorted = grouped.toSorted((one, other) => (one.value < other.value ? -1 : 1));
  const offers = sorted.slice(0, MAX_OFFERED);
  if (offers.length === 0 || (!isCut && offers.length === sorted.length)) return offers;
  if (typed === '')
    return offers.length > 0 && offers.every(({ value }) => value[0] === offers[0]!.value[0]) ? [] : offers;
  return offers.some(({ value }) => value === typed)
    ? offers
    : [{ value: typed, about: 'there are more; type on', isPartial: true }, ...offers];
}

function groups(names: readonly string[], from: number): readonly Candidate[] {
  const members = new Map<string, { readonly first: string; number: number }>();
  for (const name of names) {
    const part = /^[^:/.]*[:/.]/.exec(name.slice(from))?.[0];
    const group = part === undefined ? name : name.slice(0, from) + part;
    const known = members.get(group);
    if (known) known.number++;
    else members.set(group, { first: name, number: 1 });
  }

  return [...members].map(([value, { first, number }]) =>
    number === 1 ? { value: first } : { value, about: countOf(number, 'name'), isPartial: true },
  );
}
