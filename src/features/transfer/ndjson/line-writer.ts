import { isUtf8 } from 'node:buffer';

import type { Value } from '../../../codecs/value.js';
import type { TransferEntry, ValueTransfer } from '../entry.js';

import { quoted } from '../../../codecs/json/quote.js';
import { serialize } from '../../../codecs/php/serialize.js';
import { isUtf8Key, keyToBytes } from '../../../stores/entries/key-text.js';
import { selfMadeClasses } from './class-forms.js';
import { exactJson } from './exact-json.js';

/**
 * The entry as a line of an export, in the members that docs/export.md has: `{"key":"k","value":"v","expires":null}`.
 * @param now the Unix time that its ttl counts from
 */
export function printLine(entry: TransferEntry, now: number): string {
  const { key, tags, ttl } = entry;
  const content = entry.stored === undefined ? valueContent(entry) : storedContent(entry.stored, entry.form);
  const expires = ttl === null ? 'null' : String(now + ttl);
  const named = isUtf8Key(key) ? `"key":${quoted(key)}` : `"key64":${base64(key)}`;
  return `{${named},${content},"expires":${expires}${tags.length === 0 ? '' : carried(tags)}}\n`;
}

function carried(tags: readonly string[]): string {
  return tags.every((name) => isUtf8Key(name))
    ? `,"tags":[${tags.map((name) => quoted(name)).join(',')}]`
    : `,"tags64":[${tags.map((name) => base64(name)).join(',')}]`;
}

/** What JSON, which is UTF-8, cannot hold. */
function base64(name: string): string {
  return `"${keyToBytes(name).toString('base64')}"`;
}

function valueContent({ value, flags }: ValueTransfer): string {
  return flags === undefined ? contentOf(value) : `${contentOf(value)},"flags":${flags}`;
}

function contentOf(value: Value): string {
  const json = exactJson(value);
  if (json !== undefined) return `"value":${json}`;
  if (value.type === 'string') return `"base64":"${value.value.toString('base64')}"`;
  const php = serialize(value);
  const content = isUtf8(php) ? `"php":${quoted(php.toString())}` : `"php64":"${php.toString('base64')}"`;
  const selfMade = selfMadeClasses(value);
  return selfMade === undefined ? content : `${content},"selfMade":[${selfMade.map((name) => quoted(name)).join(',')}]`;
}

function storedContent(stored: Buffer, form: string): string {
  return `"stored":"${stored.toString('base64')}","form":${quoted(form)}`;
}
