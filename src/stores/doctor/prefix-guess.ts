import type { Finding } from '../contract/store.js';

import { printKey } from '../entries/printed-key.js';
import { counted, ok, skipped, warning } from './findings.js';

export interface KeySample {
  /** Stored keys under the prefixes. */
  readonly ours: readonly string[];
  /** All other stored keys. */
  readonly others: readonly string[];
  /** Whether the sample is complete. */
  readonly isAll: boolean;
}

/** The prefixes of a profile, in their order in front of a key. */
export interface Prefixes {
  /** Redis's; empty elsewhere. */
  readonly connectionPrefix: string;
  readonly prefix: string;
}

/** Fewer keys prove nothing about a prefix. */
const FEW = 3;

/**
 * Check that keys begin with the prefixes of the profile. If none does, suggest the most common beginning that looks
 * similar.
 */
export function prefixFinding(sample: KeySample, prefixes: Prefixes): Finding {
  const { ours, others, isAll } = sample;
  const full = prefixes.connectionPrefix + prefixes.prefix;
  const checked = isAll ? '' : ` among the ${(ours.length + others.length).toLocaleString('en')} checked`;
  if (ours.length > 0) return full === '' ? withoutPrefix(ours) : ok('prefix', foundText(ours.length, full, checked));
  if (others.length === 0) {
    return isAll ? ok('prefix', 'no keys yet') : skipped('prefix', 'no key with this prefix found yet');
  }

  const guess = mostLikely(others, prefixes);
  const none = `no key begins with ${full}${checked}`;
  if (guess === undefined) {
    const hint = `If something is cached already, check prefix: there are keys such as ${shown(others[0]!)}`;
    return warning('prefix', `${none}, although there are ${counted(others.length, 'other key', 'other keys')}`, hint);
  }

  const { connectionPrefix, prefix, votes } = guess;
  const instead = `${counted(votes, 'key begins', 'keys begin')} with ${connectionPrefix}${prefix}`;
  return warning('prefix', `${none}, but ${instead}`, hintFor(guess, prefixes));
}

interface Guess extends Prefixes {
  readonly votes: number;
}

function foundText(found: number, full: string, checked: string): string {
  return `${counted(found, 'key begins', 'keys begin')} with ${full}${checked}`;
}

function hintFor(guess: Prefixes, { connectionPrefix, prefix }: Prefixes): string {
  const changes = [];
  if (guess.connectionPrefix !== connectionPrefix) {
    changes.push(
      guess.connectionPrefix === '' ? 'remove connectionPrefix' : `connectionPrefix: ${guess.connectionPrefix}`,
    );
  }

  if (guess.prefix !== prefix) changes.push(`prefix: ${guess.prefix}`);
  return `If those are the entries, change the profile: ${changes.join(', ')}`;
}

/** The most common beginning that contains the prefix, however its words are joined. */
function mostLikely(others: readonly string[], prefixes: Prefixes): Guess | undefined {
  const votes = new Map<string, { guess: Prefixes; votes: number }>();
  for (const key of others) {
    const guess = guessFrom(key, prefixes);
    if (guess === undefined) continue;
    const id = JSON.stringify([guess.connectionPrefix, guess.prefix]);
    const known = votes.get(id);
    if (known) known.votes++;
    else votes.set(id, { guess, votes: 1 });
  }

  const [best] = [...votes.values()].sort((a, b) => b.votes - a.votes);
  return best && { ...best.guess, votes: best.votes };
}

/**
 * Guesses the common mistakes: a missing or needless connection prefix, and words joined by `_` (Laravel before 13)
 * or `-`.
 */
function guessFrom(key: string, { connectionPrefix, prefix }: Prefixes): Prefixes | undefined {
  if (bare(prefix) === '') return undefined;
  const both = headLike(key, connectionPrefix + prefix);
  if (both !== undefined && both !== connectionPrefix + prefix) {
    const head = connectionPrefix === '' ? '' : (headLike(key, connectionPrefix) ?? '');
    return { connectionPrefix: head, prefix: both.slice(head.length) };
  }

  for (let at = 0; at < Math.min(key.length, MAX_HEAD); at++) {
    const rest = headLike(key.slice(at), prefix);
    const isAtWord = at === 0 || /[^\da-z]/i.test(key[at - 1]!);
    if (rest !== undefined && isAtWord) return { connectionPrefix: key.slice(0, at), prefix: rest };
  }

  return undefined;
}

/** A prefix does not begin later in a key. */
const MAX_HEAD = 100;

/** The beginning of `key` that equals `wanted` except for joiners and case. Undefined if there is none. */
function headLike(key: string, wanted: string): string | undefined {
  const letters = bare(wanted);
  let at = 0;
  let matched = 0;
  for (; matched < letters.length && at < key.length; at++) {
    const character = bare(key[at]!);
    if (character === '') {
      if (matched === 0) return undefined;
    } else if (character === letters[matched]) matched++;
    else return undefined;
  }

  if (matched < letters.length) return undefined;
  const joiner = /[^\da-z]$/i.test(wanted) ? (/^[^\da-z]+/i.exec(key.slice(at))?.[0] ?? '') : '';
  // A beginning that ends in a joiner is not part of a longer word.
  return joiner === '' && joiner !== (/[^\da-z]*$/i.exec(wanted)?.[0] ?? '') ? undefined : key.slice(0, at) + joiner;
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll(/[^\da-z]/g, '');
}

/** A recognized pair of prefixes, and the number of keys that begin with them. */
export interface PrefixCandidate extends Prefixes {
  readonly keys: number;
}

/**
 * The prefixes that stored keys seem to have, the most common first: those in the form of Laravel's defaults
 * (`shop-database-shop-cache-`), or else the beginning that all keys share.
 */
export function prefixCandidates(keys: readonly string[], hasConnectionPrefix: boolean): readonly PrefixCandidate[] {
  const votes = new Map<string, PrefixCandidate>();
  for (const key of keys) {
    const [head, connection = ''] = LARAVEL_HEAD.exec(key) ?? [];
    if (head === undefined) continue;
    const connectionPrefix = hasConnectionPrefix ? connection : '';
    const prefix = head.slice(connectionPrefix.length);
    votes.set(head, { connectionPrefix, prefix, keys: (votes.get(head)?.keys ?? 0) + 1 });
  }

  if (votes.size > 0) return [...votes.values()].sort((a, b) => b.keys - a.keys);
  const prefix = commonHead(keys);
  return keys.length >= FEW && COMMON.test(prefix) ? [{ connectionPrefix: '', prefix, keys: keys.length }] : [];
}

/** `shop-database-shop-cache-`, `shop_database_shop_cache_`, `shop_cache:`; the first part is the connection's. */
const LARAVEL_HEAD = /^([\w.-]{1,60}?[-_]database[-_])?[\w.-]{1,60}?[-_]cache[-_:]/;
const COMMON = /[\w.-]{3,}[-_:]$/;

/** A profile without a prefix covers every key. If all of them begin alike, that is the prefix. */
function withoutPrefix(keys: readonly string[]): Finding {
  const found = `no prefix is set, so all keys are entries: ${counted(keys.length, 'key', 'keys')} found`;
  const common = commonHead(keys);
  if (keys.length < FEW || !COMMON.test(common)) return ok('prefix', found);
  return warning(
    'prefix',
    `${found}, and all begin with ${shown(common)}`,
    `If that is the prefix, set prefix: ${shown(common)}`,
  );
}

/** Up to the last joiner. */
function commonHead([first = '', ...others]: readonly string[]): string {
  let { length } = first;
  for (const key of others) {
    while (length > 0 && !key.startsWith(first.slice(0, length))) length--;
  }

  return first.slice(0, length).replace(/[^-_:]*$/, '');
}

function shown(key: string): string {
  const printed = printKey(key);
  return printed.length > 80 ? `${printed.slice(0, 80)}…` : printed;
}
