import { isUtf8 } from 'node:buffer';

import type { Value } from '../../codecs/value.js';
import type { TransferEntry, ValueTransfer } from './entry.js';

import { quoted } from '../../codecs/json/quote.js';
import { serialize } from '../../codecs/php/serialize.js';
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
  const carried = tags.length === 0 ? '' : `,"tags":[${tags.map((name) => quoted(name)).join(',')}]`;
  return `{"key":${quoted(key)},${content},"expires":${expires}${carried}}\n`;
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
