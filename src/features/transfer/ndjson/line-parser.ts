import type { ArrayKey, Value } from '../../../codecs/value.js';
import type { Ttl } from '../../../stores/contract/store.js';
import type { TransferEntry } from '../entry.js';

import { parseJson } from '../../../codecs/json/parse.js';
import { unserialize } from '../../../codecs/php/unserialize.js';
import { string } from '../../../codecs/value.js';
import { CachectlError, InputError } from '../../../errors.js';
import { keyFromBytes } from '../../../stores/entries/key-text.js';
import { MAX_SECONDS, parseDuration } from '../../../terminal/durations.js';
import { NO_TAGS } from '../entry.js';

/** What a line does not say itself. */
export interface LineContext {
  /** Unix time. */
  readonly now: number;
  /** For lines without expires and ttl. */
  readonly ttl: Ttl;
}

/**
 * The entry of a line in the format of docs/export.md; undefined when it has expired.
 * @throws InputError without the line number
 */
export function parseLine(text: string, context: LineContext): TransferEntry | undefined {
  const members = membersOf(text);
  const key = keyOf(members);
  const ttl = ttlOf(members, context);
  const tags = tagsOf(members);
  const content = flagged(contentOf(members), members.get('flags'));
  return ttl === EXPIRED ? undefined : { key, tags, ttl, ...content };
}

const EXPIRED = 0;

/** The names of a line's members, as they were parsed. */
export type Members = ReadonlyMap<string, Value>;

export const KEY_MEMBERS = ['key', 'key64'] as const;
/** Exactly one of them is in a line. */
export const CONTENT_MEMBERS = ['value', 'base64', 'php', 'php64', 'stored'] as const;
export const MEMBERS: ReadonlySet<string> = new Set([
  ...KEY_MEMBERS,
  ...CONTENT_MEMBERS,
  'form',
  'flags',
  'selfMade',
  'expires',
  'ttl',
  'tags',
  'tags64',
]);

function membersOf(text: string): Members {
  const line = parsed(text);
  const members = new Map<string, Value>();
  for (const [name, value] of line.type === 'array' ? line.entries : []) {
    if (typeof name === 'bigint' || !MEMBERS.has(name.toString())) {
      throw fault(`${nameText(name)} is not a member of an entry`);
    }

    members.set(name.toString(), value);
  }

  return members;
}

function nameText(name: ArrayKey): string {
  return typeof name === 'bigint' ? `"${name}"` : JSON.stringify(name.toString());
}

type Content = { readonly flags?: number; readonly value: Value } | { readonly form: string; readonly stored: Buffer };

function contentOf(members: Members): Content {
  const names = CONTENT_MEMBERS.filter((name) => members.has(name));
  const [name] = names;
  if (name === undefined) throw fault('it has no value');
  if (names.length > 1) throw fault(`it has both ${names[0]} and ${names[1]}`);
  const content = members.get(name)!;
  switch (name) {
    case 'base64': {
      return { value: string(bytesOf(content, name)) };
    }

    case 'php': {
      return { value: objectsOf(unserialized(Buffer.from(textOf(content, name)), name), members) };
    }

    case 'php64': {
      return { value: objectsOf(unserialized(bytesOf(content, name), name), members) };
    }

    case 'stored': {
      return { stored: bytesOf(content, name), form: textOf(members.get('form'), 'form') };
    }

    case 'value': {
      return { value: content };
    }
  }
}

/** Memcached's item flags have 32 bits. */
function flagged(content: Content, flags: undefined | Value): Content {
  if (flags === undefined) return content;
  if ('stored' in content) throw fault('flags cannot be combined with stored, which includes them');
  const number = flags.type === 'integer' ? Number(flags.value) : -1;
  if (number < 0 || number > MAX_FLAGS) throw fault(`flags is not a whole number from 0 to ${MAX_FLAGS}`);
  return { ...content, flags: number };
}

const MAX_FLAGS = 2 ** 32 - 1;

/** Adds the forms of the classes, if the line names them. */
function objectsOf(value: Value, members: Members): Value {
  const names = members.get('selfMade');
  return names === undefined ? value : withSelfMade(value, new Set(namesOf(names, 'selfMade', 'a class')));
}

function withSelfMade(value: Value, names: ReadonlySet<string>): Value {
  switch (value.type) {
    case 'array': {
      return { type: 'array', entries: value.entries.map(([key, item]) => [key, withSelfMade(item, names)] as const) };
    }

    case 'object': {
      const properties = value.properties.map(([key, item]) => [key, withSelfMade(item, names)] as const);
      return { ...value, properties, isMadeByClass: names.has(value.class.toString()) };
    }

    default: {
      return value;
    }
  }
}

function unserialized(bytes: Buffer, name: string): Value {
  try {
    return unserialize(bytes);
  } catch (error) {
    if (error instanceof CachectlError) throw fault(`${name}: ${error.message}`);
    throw error;
  }
}

/** Seconds left; 0 when the entry has expired. @throws InputError without the line number */
export function ttlOf(members: Members, { now, ttl }: LineContext): Ttl {
  const expires = members.get('expires');
  const own = members.get('ttl');
  if (expires !== undefined && own !== undefined) throw fault('it has both expires and ttl');
  if (expires !== undefined) {
    const at = unixTime(expires);
    if (at === null) return null;
    if (at - now > MAX_SECONDS) throw fault('expires is more than ten years away; use null for never');
    return Math.max(EXPIRED, at - now);
  }

  return own === undefined ? ttl : ownTtl(own);
}

function ownTtl(value: Value): Ttl {
  if (value.type === 'null') return null;
  if (value.type !== 'integer' && value.type !== 'string') throw fault('ttl is neither a number nor a duration');
  let ttl: number;
  try {
    ttl = parseDuration(value.value.toString());
  } catch (error) {
    if (error instanceof CachectlError) throw fault(error.message);
    throw error;
  }

  if (ttl === 0) throw fault('a TTL of 0 stores nothing');
  return ttl;
}

function unixTime(value: Value): Ttl {
  if (value.type === 'null') return null;
  if (value.type === 'integer') return Number(value.value);
  if (value.type === 'float') return Math.ceil(value.value);
  const time = value.type === 'string' ? Date.parse(value.value.toString()) : Number.NaN;
  if (Number.isNaN(time)) throw fault('expires is neither a Unix time nor a date such as 2026-01-31T12:00:00Z');
  return Math.ceil(time / 1000);
}

/** @throws InputError without the line number */
export function keyOf(members: Members): string {
  const encoded = members.get('key64');
  if (encoded !== undefined && members.has('key')) throw fault('it has both key and key64');
  const key = encoded === undefined ? textOf(members.get('key'), 'key') : keyFromBytes(bytesOf(encoded, 'key64'));
  if (key === '') throw fault('the key is empty');
  return key;
}

function tagsOf(members: Members): readonly string[] {
  const [plain, encoded] = [members.get('tags'), members.get('tags64')];
  if (encoded === undefined) return plain === undefined ? NO_TAGS : namesOf(plain, 'tags', 'a tag');
  if (plain !== undefined) throw fault('it has both tags and tags64');
  return namesOf(encoded, 'tags64', 'a tag', (name) => keyFromBytes(bytesOf(name, 'a tag')));
}

function namesOf(
  value: Value,
  member: string,
  what: string,
  nameOf = (name: Value): string => textOf(name, what),
): readonly string[] {
  const names = value.type === 'array' ? value.entries.map(([, name]) => nameOf(name)) : undefined;
  if (names === undefined || names.includes('')) throw fault(`${member} is not a list of names`);
  return names;
}

function textOf(value: undefined | Value, what: string): string {
  if (value === undefined) throw fault(`it has no ${what}`);
  if (value.type !== 'string') throw fault(`${what} is not a string`);
  return value.value.toString();
}

function bytesOf(value: Value, what: string): Buffer {
  const text = textOf(value, what);
  // Node ignores characters that are not base64.
  if (!/^[\d+/A-Za-z]*={0,2}$/.test(text) || text.length % 4 !== 0) throw fault(`${what} is not valid base64`);
  return Buffer.from(text, 'base64');
}

function parsed(text: string): Value {
  let value: undefined | Value;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    throw fault(error.message);
  }

  if (value.type !== 'array') throw fault('it is not an object');
  return value;
}

function fault(what: string): InputError {
  return new InputError(
    what,
    'A line is {"key": "users:1", "value": …}: see docs/export.md. For a map of keys to values use put --from.',
  );
}
