import { distance } from 'fastest-levenshtein';

import { UsageError } from '../errors.js';

/**
 * The error for a command line without a known command.
 * @param words as typed; more than one if the first is a topic
 * @param ids of all commands
 */
export function unknownCommand(words: readonly string[], ids: readonly string[]): UsageError {
  const [topic = '', second] = words;
  const below = ids.filter((id) => id.startsWith(`${topic}:`));
  if (below.length === 0) return new UsageError(`${topic} is not a command`, hintFor(topic, ids, LIST_ALL));
  const list = `The ${topic} commands are ${below.join(', ')}.`;
  if (second === undefined || second.startsWith('-')) return new UsageError(`${topic} is not a command`, list);
  return new UsageError(`${topic} ${second} is not a command`, hintFor(`${topic}:${second}`, below, list));
}

const LIST_ALL = 'List the commands with: cachectl help';

function hintFor(typed: string, ids: readonly string[], otherwise: string): string {
  const suggestion = synonym(typed) ?? byLastPart(typed, ids) ?? nearest(typed, ids);
  return suggestion === undefined ? otherwise : `Did you mean ${suggestion}?`;
}

/** Finds lock:acquire for `acquire`. */
function byLastPart(typed: string, ids: readonly string[]): string | undefined {
  return ids.find((id) => id.endsWith(`:${typed}`));
}

/** Undefined if nothing is similar enough. */
function nearest(typed: string, ids: readonly string[]): string | undefined {
  // The time grows with the product of the lengths.
  const sought = typed.toLowerCase().slice(0, 50);
  const ranked = ids.map((id) => ({ id, wrong: mistakes(sought, id) })).sort((a, b) => a.wrong - b.wrong);
  // A topic has few commands, so less similarity is enough.
  const most = typed.includes(':') ? 0.5 : 0.49;
  return ranked.find(({ id, wrong }) => wrong <= 2 && wrong <= lastPart(id).length * most)?.id;
}

/** The edit distance, in which two letters that changed places are one mistake. */
function mistakes(typed: string, id: string): number {
  const swapped = (at: number): string => typed.slice(0, at) + typed[at + 1] + typed[at] + typed.slice(at + 2);
  const isSwapped = Array.from({ length: typed.length - 1 }, (_, at) => swapped(at)).includes(id);
  return isSwapped ? 1 : distance(typed, id);
}

function lastPart(id: string): string {
  return id.slice(id.lastIndexOf(':') + 1);
}

function synonym(typed: string): string | undefined {
  return Object.entries(SYNONYMS).find(([, words]) => words.includes(typed.toLowerCase()))?.[0];
}

/** Names of commands in other tools. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  get: ['cat', 'exists', 'fetch', 'has', 'mget', 'read'],
  put: ['mset', 'save', 'set', 'setex', 'store', 'write'],
  add: ['setnx'],
  forget: ['del', 'delete', 'remove', 'rm', 'unlink', 'unset'],
  pull: ['getdel', 'pop', 'take'],
  touch: ['expire', 'persist', 'pexpire'],
  increment: ['inc', 'incr', 'incrby'],
  decrement: ['dec', 'decr', 'decrby'],
  remember: ['memo', 'memoize'],
  keys: ['count', 'dbsize', 'find', 'list', 'ls', 'scan', 'search'],
  inspect: ['describe', 'object', 'show', 'ttl', 'type'],
  stats: ['info', 'memory', 'status'],
  doctor: ['check', 'health', 'ping'],
  flush: ['clear', 'empty', 'flush_all', 'flushall', 'flushdb', 'purge', 'truncate', 'wipe'],
  export: ['backup', 'dump'],
  import: ['load', 'restore'],
  copy: ['cp', 'migrate', 'mirror', 'sync'],
  'events:tail': ['events:follow', 'events:log', 'events:watch', 'monitor', 'subscribe', 'watch'],
  'tags:flush': ['tags:clear', 'tags:del', 'tags:delete', 'tags:forget', 'tags:purge', 'tags:remove', 'tags:rm'],
  'tags:list': ['tags:ls'],
  'tags:show': ['tags:get', 'tags:inspect', 'tags:keys'],
  'tags:prune': ['tags:gc'],
  'profile:init': ['configure', 'init', 'profile:add', 'profile:create', 'profile:new', 'setup'],
  'profile:list': ['profile:ls', 'profiles'],
  'profile:show': ['config', 'profile:get', 'profile:inspect', 'whoami'],
  'profile:check': ['profile:lint', 'profile:validate', 'validate'],
  'lock:run': ['exec', 'lock:exec', 'lock:with', 'with'],
  'lock:acquire': ['lock:get', 'lock:lock', 'lock:take'],
  'lock:refresh': ['lock:extend', 'lock:renew', 'lock:touch'],
  'lock:release': ['lock:break', 'lock:delete', 'lock:free', 'lock:rm', 'lock:unlock', 'unlock'],
  'lock:list': ['lock:ls', 'locks'],
  'lock:show': ['lock:info', 'lock:inspect', 'lock:status'],
  'lock:watch': ['lock:follow', 'lock:tail'],
};
