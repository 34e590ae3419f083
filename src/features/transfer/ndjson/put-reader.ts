import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';

import type { NewEntry, Ttl } from '../../../stores/contract/store.js';
import type { Member } from './json-members.js';

import { parseJson } from '../../../codecs/json/parse.js';
import { CachectlError, InputError } from '../../../errors.js';
import { fileError } from '../../../runtime/file-error.js';
import { keyFromBytes } from '../../../stores/entries/key-text.js';
import { printable } from '../../../stores/entries/printed-key.js';
import { parseDuration } from '../../../terminal/durations.js';
import { jsonMembers } from './json-members.js';

/**
 * Entries from a file, or from standard input for `-`; streamed. An object with `key` and `value` and perhaps `ttl` is one
 * entry; an object without them is a map of keys to values. One that says more of an entry, as the lines of an export do,
 * is refused: as a map its members would be stored.
 * @param ttl for entries that bring none, in seconds
 * @param signal ends the wait for more of them
 * @throws InputError that names the line
 */
export async function* readEntries(from: string, ttl: Ttl, signal: AbortSignal): AsyncGenerator<NewEntry> {
  const chunks: Readable = addAbortSignal(signal, from === '-' ? process.stdin : createReadStream(from));
  const reader = new EntryReader(ttl);
  try {
    for await (const members of jsonMembers(chunks as AsyncIterable<Buffer>)) {
      for (const member of members) for (const entry of reader.entries(member)) yield entry;
    }
  } catch (error) {
    if (error instanceof CachectlError) throw error;
    throw fileError(from, error);
  }
}

/** Tells objects that are entries from objects that are maps of them, a member at a time. */
class EntryReader {
  readonly #ttl: Ttl;
  /** The members of an object that may still turn out to be one entry. */
  #pending: Member[] = [];
  #isMap = false;

  constructor(ttl: Ttl) {
    this.#ttl = ttl;
  }

  /** What is sure to be an entry now that `member` has come. */
  entries(member: Member): readonly NewEntry[] {
    if (this.#isMap && member.name !== undefined) return [mapped(member, this.#ttl)];
    if (member.name !== undefined) {
      this.#pending.push(member);
      if (LINE_MEMBERS.has(member.name) && this.#pending.length <= LINE_MEMBERS.size) return NONE;
    }

    const pending = this.#pending;
    this.#pending = [];
    this.#isMap = member.name !== undefined;
    if (saysEntry(pending)) return [entryOf(pending, this.#ttl)];
    return pending.map((each) => mapped(each, this.#ttl));
  }
}

const NONE: readonly NewEntry[] = [];

const KEYS: readonly string[] = ['key', 'key64'];
const ENTRY_MEMBERS = new Set([...KEYS, 'value', 'ttl']);

/** What import knows, and put does not. */
const CONTENTS: readonly string[] = ['value', 'base64', 'php', 'php64', 'stored'];
const LINE_MEMBERS = new Set([...ENTRY_MEMBERS, ...CONTENTS, 'form', 'flags', 'selfMade', 'expires', 'tags', 'tags64']);

/** Whether it is no map. @throws InputError for an entry that says more than put can store */
function saysEntry(members: readonly Member[]): boolean {
  const names = members.map(({ name }) => name!);
  if (!names.some((name) => KEYS.includes(name)) || !names.some((name) => CONTENTS.includes(name))) return false;
  const other = members.find(({ name }, index) => !ENTRY_MEMBERS.has(name!) || names.indexOf(name!) < index);
  if (other === undefined) return true;
  const isTwice = ENTRY_MEMBERS.has(other.name!);
  throw new InputError(
    `line ${other.line}: the entry has ${isTwice ? 'two members' : 'a member'} "${printable(other.name!)}"${isTwice ? '' : ', which put does not know'}`,
    'Is it an export? Then: cachectl import FILE. Of a map each key can be written as {"key": "key", "value": …}.',
  );
}

function mapped({ name, text, line }: Member, ttl: Ttl): NewEntry {
  return { key: checkedKey(name!, line), value: parsed(text, line), ttl };
}

function entryOf(members: readonly Member[], ttl: Ttl): NewEntry {
  const member = (wanted: string): Member | undefined => members.find(({ name }) => name === wanted);
  const key = member('key') ?? member('key64')!;
  const value = member('value')!;
  const own = member('ttl');
  return {
    key: checkedKey(keyOf(key), key.line),
    value: parsed(value.text, value.line),
    ttl: own === undefined ? ttl : ttlOf(own),
  };
}

function keyOf(member: Member): string {
  const written = text(member, 'a key is a string');
  if (member.name === 'key') return written;
  const bytes = Buffer.from(written, 'base64');
  if (bytes.toString('base64') === written) return keyFromBytes(bytes);
  throw new InputError(`line ${member.line}: key64 is no base64`, 'It is the bytes of the key, as an export has them.');
}

function checkedKey(key: string, line: number): string {
  if (key === '') throw new InputError(`line ${line}: the key is empty`, 'Every entry needs a key.');
  return key;
}

function ttlOf(member: Member): Ttl {
  const value = parsed(member.text, member.line);
  if (value.type === 'null') return null;
  const written =
    value.type === 'integer' ? String(value.value) : text(member, 'a ttl is seconds, a duration, or null');
  try {
    const seconds = parseDuration(written);
    if (seconds > 0) return seconds;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    throw new InputError(`line ${member.line}: ${error.message}`, error.hint);
  }

  throw new InputError(`line ${member.line}: a ttl of 0 stores nothing`, 'Leave ttl out to store forever.');
}

function text({ text: json, line }: Member, otherwise: string): string {
  const value = parsed(json, line);
  if (value.type === 'string') return value.value.toString();
  throw new InputError(`line ${line}: ${otherwise}`, 'Write {"key": "users:1", "value": …, "ttl": 600}');
}

function parsed(json: string, line: number) {
  try {
    return parseJson(json);
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    throw new InputError(`line ${line}: ${error.message}`, error.hint);
  }
}
