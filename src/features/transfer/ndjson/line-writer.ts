import { isUtf8 } from 'node:buffer';

import type { ArrayKey, ObjectValue, Value } from '../../../codecs/value.js';
import type { Entry } from '../../../stores/contract/store.js';
import type { TransferEntry, ValueTransfer } from '../entry.js';

import { floatToJson, isPlain, quoted } from '../../../codecs/json/text.js';
import { serialize } from '../../../codecs/php/serialize.js';
import { isList, phpKey } from '../../../codecs/value.js';
import { isUtf8Key, keyToBytes } from '../../../stores/entries/key-text.js';

/**
 * The line of an entry in an export, in the format of docs/export.md: `{"key":"k","value":"v","expires":null}`.
 * @param entry its value may be printed already
 * @param now the Unix time that its TTL counts from
 */
export function printLine(entry: TransferEntry<Value | string>, now: number): string {
  const { key, tags, ttl } = entry;
  const content = entry.stored === undefined ? valueMembers(entry) : storedMembers(entry.stored, entry.form);
  const expires = ttl === null ? 'null' : String(now + ttl);
  // Each part of a string takes time in an export of millions, and most lines need few.
  if (tags.length === 0 && isPlain(key)) return `{"key":"${key}",${content},"expires":${expires}}\n`;
  const keyMember = isUtf8Key(key) ? `"key":${quoted(key)}` : `"key64":${base64(key)}`;
  return `{${keyMember},${content},"expires":${expires}${tags.length === 0 ? '' : tagsMember(tags)}}\n`;
}

/** The member of a line that holds the value: `"value":"v"`. @throws UndecodableError */
export function printValue(entry: Entry): string {
  const json = entry.toJson?.();
  return json === undefined ? valueMember(entry.decode()) : `"value":${json}`;
}

function tagsMember(tags: readonly string[]): string {
  return tags.every((name) => isUtf8Key(name))
    ? `,"tags":[${tags.map((name) => quoted(name)).join(',')}]`
    : `,"tags64":[${tags.map((name) => base64(name)).join(',')}]`;
}

function base64(name: string): string {
  return `"${keyToBytes(name).toString('base64')}"`;
}

function valueMembers({ value, flags }: ValueTransfer<Value | string>): string {
  const member = typeof value === 'string' ? value : valueMember(value);
  return flags === undefined ? member : `${member},"flags":${flags}`;
}

function valueMember(value: Value): string {
  const json = exactJson(value);
  if (json !== undefined) return `"value":${json}`;
  if (value.type === 'string') return `"base64":"${value.value.toString('base64')}"`;
  const php = serialize(value);
  const content = isUtf8(php) ? `"php":${quoted(php.toString())}` : `"php64":"${php.toString('base64')}"`;
  const selfMade = selfMadeClasses(value);
  return selfMade === undefined ? content : `${content},"selfMade":[${selfMade.map((name) => quoted(name)).join(',')}]`;
}

function storedMembers(stored: Buffer, form: string): string {
  return `"stored":"${stored.toString('base64')}","form":${quoted(form)}`;
}

/** Less than the parser accepts; hardly anything is deeper. */
const MAX_DEPTH = 500;

/** JSON that `parseJson` reads as the same value; undefined where there is none. */
function exactJson(value: Value, depth = 0): string | undefined {
  switch (value.type) {
    case 'array': {
      return depth > MAX_DEPTH ? undefined : arrayJson(value.entries, isList(value), depth + 1);
    }

    case 'boolean':
    case 'integer': {
      return String(value.value);
    }

    case 'float': {
      const isPlain = value.text === undefined && Number.isFinite(value.value);
      return isPlain ? floatToJson(value.value) : undefined;
    }

    case 'null': {
      return 'null';
    }

    case 'string': {
      return quotedBytes(value.value);
    }

    default: {
      return undefined;
    }
  }
}

function arrayJson(
  entries: ReadonlyArray<readonly [ArrayKey, Value]>,
  isOfItems: boolean,
  depth: number,
): string | undefined {
  const names = new Set<string>();
  const parts: string[] = [];
  for (const [key, item] of entries) {
    const json = exactJson(item, depth);
    if (json === undefined) return undefined;
    if (isOfItems) {
      parts.push(json);
      continue;
    }

    const name = memberName(key);
    if (name === undefined || names.has(name)) return undefined;
    names.add(name);
    parts.push(`${name}:${json}`);
  }

  return isOfItems ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

/** Undefined where the parser would read another key. */
function memberName(key: ArrayKey): string | undefined {
  if (typeof key === 'bigint') return `"${key}"`;
  return typeof phpKey(key) === 'bigint' ? undefined : quotedBytes(key);
}

/** Undefined for bytes that are not UTF-8. */
function quotedBytes(bytes: Buffer): string | undefined {
  const text = bytes.toString();
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : quoted(text);
}

/** Stands for bytes that are not UTF-8, and may be in the text itself. */
const REPLACEMENT = '\uFFFD';

/**
 * The classes in a value whose objects hold an array that the class made (`__serialize`), as msgpack records it. Undefined
 * for every other format, and where one class has both forms: PHP's format does not tell them apart.
 */
function selfMadeClasses(value: Value): readonly string[] | undefined {
  const forms = new Map<string, boolean>();
  // An explicit stack, so deep nesting cannot overflow the call stack.
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.type === 'object' && !recordForm(next, forms)) return undefined;
    const members = next.type === 'array' ? next.entries : next.type === 'object' ? next.properties : [];
    for (const [, item] of members) left.push(item);
  }

  return forms.size > 0 ? [...forms].filter(([, isMadeByClass]) => isMadeByClass).map(([name]) => name) : undefined;
}

/** False if the class has both forms, or a name that is not UTF-8. */
function recordForm({ class: className, isMadeByClass }: ObjectValue, forms: Map<string, boolean>): boolean {
  if (isMadeByClass === undefined) return true;
  const name = className.toString();
  if (!isUtf8(className) || (forms.get(name) ?? isMadeByClass) !== isMadeByClass) return false;
  forms.set(name, isMadeByClass);
  return true;
}
