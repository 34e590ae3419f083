import type { Inspected } from './inspection.js';

import { toPrettyJson } from '../../codecs/json/print.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { count } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, valueLine } from '../../terminal/value-text.js';

/** The maximum number of lines and characters without --full. */
const MAX_LINES = 30;
const MAX_CHARACTERS = 2000;

/** The maximum number of bytes of an undecodable value. */
const MAX_BYTES = 128;

/** A value on one line, for a pipe. An undecodable value as hexadecimal bytes. */
export function valueOnLine({ entry, value, fault }: Inspected, full: boolean): string | undefined {
  if (value === undefined) return entry === undefined || fault === undefined ? undefined : hexText(entry.stored);
  const line = valueLine(value);
  return full || line.length <= MAX_CHARACTERS ? line : `${withoutHalf(line.slice(0, MAX_CHARACTERS))}…`;
}

/** A value for a terminal, indented below the facts. */
export function valueBlock(inspected: Inspected, full: boolean): string {
  const text = prettyValue(inspected);
  if (text === undefined) return '';
  const { shown, rest } = full ? { shown: text, rest: '' } : shortened(text);
  const lines = forTerminal(Buffer.from(shown)).split('\n');
  return `${lines.map((line) => `  ${line}\n`).join('')}${rest === '' ? '' : `  ${styleAnswer('dim', rest)}\n`}`;
}

function prettyValue({ entry, value, fault, lock, other }: Inspected): string | undefined {
  if (other?.elements !== undefined) return elementLines(other);
  if (value !== undefined) return isText(value) ? textOf(value) : toPrettyJson(value);
  return entry !== undefined && fault !== undefined && lock === undefined ? hexText(entry.stored) : undefined;
}

/** One line for each element, and how many are not shown. */
function elementLines({ elements = [], length = 0 }: NonNullable<Inspected['other']>): string {
  const lines = elements.map((parts) => parts.map((part) => printKey(part)).join('  '));
  const more = length - elements.length;
  return [...lines, ...(more > 0 ? [`… and ${count(more)} more`] : [])].join('\n');
}

type Value = NonNullable<Inspected['value']>;

function isText(value: Value): boolean {
  return value.type === 'string' && Buffer.from(value.value.toString()).equals(value.value);
}

function textOf(value: Value): string {
  if (value.type !== 'string') return valueLine(value);
  return value.value.length === 0 ? '""' : value.value.toString();
}

function shortened(text: string): { readonly shown: string; readonly rest: string } {
  const lines = text.split('\n').slice(0, MAX_LINES).join('\n');
  const shown = lines.length > MAX_CHARACTERS ? withoutHalf(lines.slice(0, MAX_CHARACTERS)) : lines;
  if (shown.length === text.length) return { shown, rest: '' };
  return { shown, rest: `… and ${count(text.length - shown.length)} more characters. To see them, add --full.` };
}

/** Without half of a surrogate pair at the end. */
function withoutHalf(text: string): string {
  return text.replace(/[\uD800-\uDBFF]$/, '');
}

/** Hexadecimal bytes, truncated. */
function hexText(bytes: Buffer): string {
  const digits = bytes
    .subarray(0, MAX_BYTES)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
  return bytes.length > MAX_BYTES ? `${digits} …` : digits;
}
