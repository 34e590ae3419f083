import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';

import type { NewEntry, Ttl } from '../stores/contract.js';
import type { Member } from './json-members.js';

import { parseJson } from '../codecs/json/parse.js';
import { CachectlError, InputError } from '../errors.js';
import { parseDuration } from './durations.js';
import { fileError } from './file-error.js';
import { jsonMembers } from './json-members.js';

/**
 * Entries from a file, or from standard input for `-`; streamed. An object with `key`, `value` and perhaps `ttl`, and
 * nothing else, is one entry; any other object is a map of keys to values.
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
      if (ENTRY_MEMBERS.has(member.name) && this.#pending.length <= ENTRY_MEMBERS.size) return NONE;
    }

    const pending = this.#pending;
    this.#pending = [];
    this.#isMap = member.name !== undefined;
    if (!this.#isMap && isEntry(pending)) return [entryOf(pending, this.#ttl)];
    return pending.map((each) => mapped(each, this.#ttl));
  }
}

const NONE: readonly NewEntry[] = [];

const ENTRY_MEMBERS = new Set(['key', 'value', 'ttl']);

function isEntry(members: readonly Member[]): boolean {
  const names = members.map(({ name }) => name);
  return names.includes('key') && names.includes('value') && new Set(names).size === names.length;
}

function mapped({ name, text, line }: Member, ttl: Ttl): NewEntry {
  return { key: checkedKey(name!, line), value: parsed(text, line), ttl };
}

function entryOf(members: readonly Member[], ttl: Ttl): NewEntry {
  const member = (wanted: string): Member | undefined => members.find(({ name }) => name === wanted);
  const key = member('key')!;
  const value = member('value')!;
  const own = member('ttl');
  return {
    key: checkedKey(text(key, 'a key is a string'), key.line),
    value: parsed(value.text, value.line),
    ttl: own === undefined ? ttl : ttlOf(own),
  };
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
