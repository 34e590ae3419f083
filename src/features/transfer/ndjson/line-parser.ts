import type { ArrayKey, Value } from '../../../codecs/value.js';
import type { Ttl } from '../../../stores/contract/store.js';
import type { TransferEntry } from '../entry.js';

import { parseJson } from '../../../codecs/json/parse.js';
import { unserialize } from '../../../codecs/php/unserialize.js';
import { string } from '../../../codecs/value.js';
import { CachectlError, InputError } from '../../../errors.js';
import { keyFromBytes } from '../../../stores/entries/key-text.js';
import { LONGEST, parseDuration } from '../../../terminal/durations.js';
import { NO_TAGS } from '../entry.js';
import { withSelfMade } from './class-forms.js';

/** What a line takes from around it. */
export interface LineContext {
  /** Unix time. */
  readonly now: number;
  /** For lines that say nothing of it. */
  readonly ttl: Ttl;
}

/**
 * The entry that a line is; undefined when it has expired.
 * @throws InputError, without the number of the line
 */
export function parseLine(text: string, context: LineContext): TransferEntry | undefined {
  const members = membersOf(text);
  const key = keyOf(members);
  if (key === '') throw fault('the key is empty');
  const ttl = ttlOf(members, context);
  const tags = tagsOf(members);
  const content = flagged(contentOf(members), members.get('flags'));
  return ttl === EXPIRED ? undefined : { key, tags, ttl, ...content };
}

const EXPIRED = 0;

const CONTENTS = ['value', 'base64', 'php', 'php64', 'stored'] as const;
const MEMBERS: ReadonlySet<string> = new Set([
  'key',
  'key64',
  ...CONTENTS,
  'form',
  'flags',
  'selfMade',
  'expires',
  'ttl',
  'tags',
  'tags64',
]);

function membersOf(text: string): ReadonlyMap<string, Value> {
  const line = parsed(text);
  const members = new Map<string, Value>();
  for (const [name, value] of line.type === 'array' ? line.entries : []) {
    if (typeof name === 'bigint' || !MEMBERS.has(name.toString())) {
      throw fault(`${nameText(name)} is no member of an entry`);
    }

    members.set(name.toString(), value);
  }

  return members;
}

function nameText(name: ArrayKey): string {
  return typeof name === 'bigint' ? `"${name}"` : JSON.stringify(name.toString());
}

type Content = { readonly flags?: number; readonly value: Value } | { readonly form: string; readonly stored: Buffer };

function contentOf(members: ReadonlyMap<string, Value>): Content {
  const names = CONTENTS.filter((name) => members.has(name));
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

/** Memcached's flags of an item are 32 bits. */
function flagged(content: Content, flags: undefined | Value): Content {
  if (flags === undefined) return content;
  if ('stored' in content) throw fault('flags does not go with stored, which has them');
  const number = flags.type === 'integer' ? Number(flags.value) : -1;
  if (number < 0 || number > MOST_FLAGS) throw fault(`flags is no whole number from 0 to ${MOST_FLAGS}`);
  return { ...content, flags: number };
}

const MOST_FLAGS = 2 ** 32 - 1;

/** With the forms of its classes, where the line tells them. */
function objectsOf(value: Value, members: ReadonlyMap<string, Value>): Value {
  const names = members.get('selfMade');
  return names === undefined ? value : withSelfMade(value, new Set(namesOf(names, 'selfMade', 'a class')));
}

function unserialized(bytes: Buffer, name: string): Value {
  try {
    return unserialize(bytes);
  } catch (error) {
    if (error instanceof CachectlError) throw fault(`of ${name}, ${error.message}`);
    throw error;
  }
}

/** Seconds left; 0 of what has expired. */
function ttlOf(members: ReadonlyMap<string, Value>, { now, ttl }: LineContext): Ttl {
  const expires = members.get('expires');
  const own = members.get('ttl');
  if (expires !== undefined && own !== undefined) throw fault('it has both expires and ttl');
  if (expires !== undefined) {
    const at = unixTime(expires);
    if (at === null) return null;
    if (at - now > LONGEST) throw fault('expires is more than ten years away; null is for never');
    return Math.max(EXPIRED, at - now);
  }

  return own === undefined ? ttl : ownTtl(own);
}

function ownTtl(value: Value): Ttl {
  if (value.type === 'null') return null;
  const seconds = value.type === 'integer' ? String(value.value) : textOf(value, 'ttl, if it is no number,');
  let ttl: number;
  try {
    ttl = parseDuration(seconds);
  } catch (error) {
    if (error instanceof CachectlError) throw fault(error.message);
    throw error;
  }

  if (ttl === 0) throw fault('a ttl of 0 stores nothing');
  return ttl;
}

function unixTime(value: Value): Ttl {
  if (value.type === 'null') return null;
  if (value.type === 'integer') return Number(value.value);
  if (value.type === 'float') return Math.ceil(value.value);
  const time = value.type === 'string' ? Date.parse(value.value.toString()) : Number.NaN;
  if (Number.isNaN(time)) throw fault('expires is neither a Unix time nor a date as 2026-01-31T12:00:00Z');
  return Math.ceil(time / 1000);
}

function keyOf(members: ReadonlyMap<string, Value>): string {
  const encoded = members.get('key64');
  if (encoded === undefined) return textOf(members.get('key'), 'key');
  if (members.has('key')) throw fault('it has both key and key64');
  return keyFromBytes(bytesOf(encoded, 'key64'));
}

function tagsOf(members: ReadonlyMap<string, Value>): readonly string[] {
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
  if (names === undefined || names.includes('')) throw fault(`${member} is no list of names`);
  return names;
}

function textOf(value: undefined | Value, what: string): string {
  if (value === undefined) throw fault(`it has no ${what}`);
  if (value.type !== 'string') throw fault(`${what} is no string`);
  return value.value.toString();
}

function bytesOf(value: Value, what: string): Buffer {
  const text = textOf(value, what);
  // Node would pass over what is no base64.
  if (!/^[\d+/A-Za-z]*={0,2}$/.test(text) || text.length % 4 !== 0) throw fault(`${what} is no base64`);
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

  if (value.type !== 'array') throw fault('it is no object');
  return value;
}

function fault(what: string): InputError {
  return new InputError(
    what,
    'docs/export.md describes a line: {"key": "users:1", "value": …}. For a map of keys to values use put --from.',
  );
}
