import type { Value } from '../../../codecs/value.js';
import type { NewEntry, Ttl } from '../../../stores/contract/store.js';

import { parseJson } from '../../../codecs/json/parse.js';
import { CachectlError, InputError } from '../../../errors.js';
import { printable } from '../../../stores/entries/printed-key.js';
import { openInput } from '../input.js';
import { jsonMembers, type Member } from './json-members.js';
import { CONTENT_MEMBERS, KEY_MEMBERS, keyOf, MEMBERS, ttlOf } from './line-parser.js';

/**
 * Reads entries from a file, or from standard input for `-`. An object with `key`, `value` and perhaps `ttl` is one entry;
 * an object without them is a map of keys to values. An entry with other members, such as a line of an export, is
 * refused: read as a map, its members would be stored.
 * @param ttl of entries without one, in seconds
 * @param signal ends the wait for more input
 * @throws InputError that names the line
 */
export async function* readPutEntries(from: string, ttl: Ttl, signal: AbortSignal): AsyncGenerator<NewEntry> {
  const input = await openInput(from, signal);
  try {
    const reader = new ObjectReader(ttl);
    for await (const members of jsonMembers(input.chunks(0))) {
      for (const member of members) yield* reader.push(member);
    }
  } finally {
    await input.close();
  }
}

/** Tells objects that are entries from objects that are maps of them, a member at a time. */
class ObjectReader {
  readonly #ttl: Ttl;
  /** The members of an object that may still turn out to be one entry. */
  #pending: Member[] = [];
  #isMap = false;

  constructor(ttl: Ttl) {
    this.#ttl = ttl;
  }

  /** The entries that are known now that `member` has come. */
  push(member: Member): readonly NewEntry[] {
    if (this.#isMap && member.name !== undefined) return [mapEntry(member, this.#ttl)];
    if (member.name !== undefined) {
      this.#pending.push(member);
      if (MEMBERS.has(member.name) && this.#pending.length <= MEMBERS.size) return NONE;
    }

    const pending = this.#pending;
    this.#pending = [];
    this.#isMap = member.name !== undefined;
    if (isEntry(pending)) return [entryOf(pending, this.#ttl)];
    return pending.map((each) => mapEntry(each, this.#ttl));
  }
}

const NONE: readonly NewEntry[] = [];

const PUT_MEMBERS: ReadonlySet<string> = new Set([...KEY_MEMBERS, 'value', 'ttl']);

/** False for a map. @throws InputError for an entry with members that put does not store */
function isEntry(members: readonly Member[]): boolean {
  const names = members.map(({ name }) => name!);
  if (![KEY_MEMBERS, CONTENT_MEMBERS].every((some) => some.some((name) => names.includes(name)))) return false;
  const other = members.find(({ name }, index) => !PUT_MEMBERS.has(name!) || names.indexOf(name!) < index);
  if (other === undefined) return true;
  const name = `"${printable(other.name!)}"`;
  throw new InputError(
    `line ${other.line}: the entry has ${PUT_MEMBERS.has(other.name!) ? `two members ${name}` : `a member ${name}, which put does not know`}`,
    'If it is an export: cachectl import FILE. If it is a map, write each key as {"key": "key", "value": …}.',
  );
}

function mapEntry({ name, text, line }: Member, ttl: Ttl): NewEntry {
  if (name === '') throw new InputError(`line ${line}: the key is empty`, 'Every entry needs a key.');
  return { key: name!, value: parsed(text, line), ttl };
}

function entryOf(members: readonly Member[], ttl: Ttl): NewEntry {
  const values = new Map(members.map(({ name, text, line }) => [name!, parsed(text, line)] as const));
  const lineOf = (...names: readonly string[]): number => members.find(({ name }) => names.includes(name!))?.line ?? 0;
  return {
    key: atLine(lineOf(...KEY_MEMBERS), () => keyOf(values)),
    value: values.get('value')!,
    ttl: atLine(lineOf('ttl'), () => ttlOf(values, { now: 0, ttl })),
  };
}

function parsed(text: string, line: number): Value {
  return atLine(line, () => parseJson(text));
}

function atLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    throw new InputError(`line ${line}: ${error.message}`, 'Write {"key": "users:1", "value": …, "ttl": 600}');
  }
}
