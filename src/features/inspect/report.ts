import type { Inspected } from './inspection.js';

import { toPrettyJson } from '../../codecs/json/print.js';
import { printKey, printNames } from '../../stores/entries/printed-key.js';
import { formatDuration } from '../../terminal/durations.js';
import { bytesText } from '../../terminal/numbers.js';
import { count } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField, valueLine } from '../../terminal/value-text.js';
import { aboutLock, TOLD_BY } from '../locks/fields.js';
import { ownerField, ownerText } from '../locks/text.js';
import { outputIn } from '../remember/output-cache.js';
import { meaningOfEntry } from './entry-meaning.js';
import { isoOf } from './fields.js';
import { isMiss } from './inspection.js';

/** A fact by its name in a pipe, in the words for a person, and what it says to each. */
interface Fact {
  readonly name: string;
  readonly label: string;
  readonly plain: string;
  readonly human?: string;
}

/** Lines of a value, and characters, that are shown unless all of it is asked for. */
const MOST_LINES = 30;
const MOST_CHARACTERS = 2000;

/** Bytes that are shown of what cannot be read. */
const MOST_BYTES = 128;

/** For a person: the key, a line for each fact, the value below them. */
export function inspectedText(inspected: Inspected, full: boolean): string {
  const facts = factsOf(inspected).filter(({ label }) => label !== '');
  const width = Math.max(...facts.map(({ label }) => label.length));
  const lines = facts.map(
    ({ label, plain, human }) => `  ${styleAnswer('dim', label.padEnd(width))}  ${safe(human ?? plain)}\n`,
  );
  return `${styleAnswer('bold', printKey(inspected.key))}\n${lines.join('')}${valueBlock(inspected, full)}`;
}

/** For a pipe: `name<tab>value` lines. */
export function inspectedLines(inspected: Inspected, full: boolean): string {
  const value = valueIn(inspected, full);
  const lines = factsOf(inspected).map(({ name, plain }) => `${name}\t${lineField(plain)}\n`);
  return `key\t${printKey(inspected.key)}\n${lines.join('')}${value === undefined ? '' : `value\t${lineField(value)}\n`}`;
}

function factsOf(inspected: Inspected): Fact[] {
  const { storedKey, place, other, fault } = inspected;
  return [
    { name: 'hit', label: '', plain: String(!isMiss(inspected)) },
    ...fact('storedKey', 'stored as', storedKey && printKey(storedKey)),
    ...Object.entries(place).map(([name, value]) => ({ name, label: name, plain: String(value) })),
    ...valueFacts(inspected),
    ...(other ? [{ name: 'kind', label: 'what it is', plain: fault?.message ?? other.type }] : []),
    ...timeFacts(inspected),
    ...usageFacts(inspected),
    ...meaningFacts(inspected),
    ...(fault && !other ? [{ name: 'error', label: 'no value', plain: fault.message }] : []),
  ];
}

function valueFacts({ entry, value, format = { codec: '' } }: Inspected): Fact[] {
  if (entry === undefined) return [];
  const { codec, compression, plainSize, encoding } = format;
  const size = entry.stored.length;
  return [
    ...fact('type', 'type', value?.type),
    ...fact('codec', 'written as', codec === '' ? undefined : codec, CODECS[codec]),
    ...fact('compression', 'compressed by', compression),
    ...fact('encoding', 'encoding', encoding),
    ...fact('size', 'size', String(size), exactBytes(size)),
    ...fact('plainSize', 'unpacked', plainSize?.toString(), plainSize === undefined ? '' : exactBytes(plainSize)),
  ];
}

const CODECS: Readonly<Record<string, string>> = {
  number: 'a bare number',
  string: 'a bare string',
  boolean: 'a bare boolean',
  php: 'PHP serialize()',
};

function timeFacts({ entry, expiresAt, expiredAt }: Inspected): Fact[] {
  const human = expiresAt === null ? 'never' : expiresAt && whenText(expiresAt);
  const ttl = entry && (entry.ttl === null ? 'never' : String(entry.ttl ?? 'unknown'));
  return [
    ...fact('ttl', human === undefined ? 'expires' : '', ttl),
    ...fact('expiresAt', 'expires', expiresAt === null ? 'never' : expiresAt?.toISOString(), human),
    ...fact(
      'expiredAt',
      'expired',
      expiredAt?.toISOString(),
      expiredAt && `${whenText(expiredAt)}, and is not removed yet`,
    ),
  ];
}

function usageFacts({ usage: { idle, frequency, fetched, memory, cas } = {} }: Inspected): Fact[] {
  return [
    ...fact('idle', 'not used for', idle?.toString(), idle === undefined ? '' : formatDuration(idle)),
    ...fact('frequency', 'used', frequency?.toString(), `${frequency} by the server’s logarithmic count`),
    ...fact('fetched', 'was read', fetched?.toString(), fetched ? 'yes' : 'not since it was written'),
    ...fact('memory', 'takes', memory?.toString(), memory === undefined ? '' : `${exactBytes(memory)} in the server`),
    ...fact('cas', 'CAS', cas?.toString()),
  ];
}

function meaningFacts(inspected: Inspected): Fact[] {
  const { tags, tagKept, near = [], elsewhere = [], lockApart } = inspected;
  const tag = tagKept && printKey(tagKept);
  return [
    ...(tags ? tagFacts(tags) : []),
    ...fact('tagKept', 'keeps the tag', tag, `${tag}; tags:show lists what carries it`),
    ...lockFacts(inspected),
    ...(isMiss(inspected) ? [] : entryFacts(inspected)),
    ...limiterFacts(inspected),
    ...flexibleFacts(inspected),
    ...rememberedFacts(inspected),
    ...near.flatMap(({ storedKey, difference }) =>
      fact('near', 'there is', printKey(storedKey), `${printKey(storedKey)}, ${difference}`),
    ),
    ...elsewhere.flatMap((names) =>
      fact(
        'elsewhere',
        'there is',
        printNames(names),
        names.length === 0 ? 'one without tags' : `one within the tags ${printNames(names)}`,
      ),
    ),
    ...fact(
      'lockApart',
      'there is',
      lockApart && (ownerField(lockApart.owner) ?? ''),
      lockApart && `a lock of that name, held by ${ownerText(lockApart)}: lock:show tells more`,
    ),
  ];
}

function tagFacts({ names, isOrdered, unlisted }: NonNullable<Inspected['tags']>): Fact[] {
  const text = printNames(names);
  const lacking = unlisted && printNames(unlisted);
  return [
    ...fact(
      isOrdered ? 'tags' : 'someTags',
      'tags',
      text,
      isOrdered ? text : `${text}, and others that cannot be told`,
    ),
    ...fact('unlisted', 'not listed by', lacking, `${lacking}: a flush of that tag leaves it`),
  ];
}

function lockFacts({ lock, listedKey, entry }: Inspected): Fact[] {
  if (lock === undefined) return [];
  const { family, meaning, heldSince } = aboutLock(listedKey, { owner: lock.owner, ttl: entry?.ttl });
  return [
    ...fact('lock', 'what it is', meaning, `a lock, told by ${TOLD_BY[lock.toldBy]}: ${meaning}`),
    ...fact('family', '', family),
    ...fact('toldBy', '', lock.toldBy),
    ...fact('owner', 'held by', ownerField(lock.owner) ?? '', ownerText(lock)),
    ...fact('heldSince', 'since', heldSince?.toISOString()),
  ];
}

function entryFacts({ key }: Inspected): Fact[] {
  const meaning = meaningOfEntry(key);
  return fact('meaning', 'what it is', meaning, meaning);
}

function limiterFacts({ limiter }: Inspected): Fact[] {
  if (limiter === undefined) return [];
  const { attempts, resetsAt } = limiter;
  const key = printKey(limiter.key);
  return [
    ...fact('rateLimiter', 'what it is', key, `the rate limiter ${key}, told by the timer beside it`),
    ...fact('attempts', 'attempts', String(attempts)),
    ...fact('resetsAt', 'begins anew', isoOf(resetsAt) ?? 'unknown', whenText(resetsAt)),
  ];
}

function flexibleFacts({ key, flexible }: Inspected): Fact[] {
  if (flexible === undefined) return [];
  const of = printKey(flexible.key);
  const { createdAt } = flexible;
  const what =
    flexible.key === key
      ? 'a flexible entry; for how long it is fresh, only the application knows'
      : `the time at which the flexible entry ${of} was made`;
  return [
    ...fact('flexible', 'what it is', of, what),
    ...fact('createdAt', 'was made', isoOf(createdAt) ?? 'unknown', whenText(createdAt)),
  ];
}

function rememberedFacts({ value }: Inspected): Fact[] {
  const exitCode = value && outputIn(value)?.exitCode;
  if (exitCode === undefined) return [];
  const what = `of the form in which remember keeps the output of a command, which exited with ${exitCode}`;
  return fact('remembered', 'what it is', String(exitCode), what);
}

/** Relative, too. */
function whenText(date: Date): string {
  const seconds = (date.getTime() - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return 'at a time that cannot be read';
  const distance = formatDuration(Math.abs(seconds));
  return `${seconds < 0 ? `${distance} ago` : `in ${distance}`}, at ${date.toISOString()}`;
}

/** Below the facts, as it is where it has one line, else indented. */
function valueBlock(inspected: Inspected, full: boolean): string {
  const text = prettyValue(inspected);
  if (text === undefined) return '';
  const { shown, rest } = full ? { shown: text, rest: '' } : shortened(text);
  const lines = forTerminal(Buffer.from(shown)).split('\n');
  return `${lines.map((line) => `  ${line}\n`).join('')}${rest === '' ? '' : `  ${styleAnswer('dim', rest)}\n`}`;
}

function prettyValue({ entry, value, fault, lock }: Inspected): string | undefined {
  if (value !== undefined) return isText(value) ? valueLineOrText(value) : toPrettyJson(value);
  return entry !== undefined && fault !== undefined && lock === undefined ? hexText(entry.stored) : undefined;
}

function valueIn({ entry, value, fault }: Inspected, full: boolean): string | undefined {
  if (value === undefined) return entry === undefined || fault === undefined ? undefined : hexText(entry.stored);
  const line = valueLine(value);
  return full || line.length <= MOST_CHARACTERS ? line : `${withoutHalf(line.slice(0, MOST_CHARACTERS))}…`;
}

type Value = NonNullable<Inspected['value']>;

function isText(value: Value): boolean {
  return value.type === 'string' && Buffer.from(value.value.toString()).equals(value.value);
}

function valueLineOrText(value: Value): string {
  if (value.type !== 'string') return valueLine(value);
  return value.value.length === 0 ? '""' : value.value.toString();
}

function shortened(text: string): { readonly shown: string; readonly rest: string } {
  const lines = text.split('\n').slice(0, MOST_LINES).join('\n');
  const shown = lines.length > MOST_CHARACTERS ? withoutHalf(lines.slice(0, MOST_CHARACTERS)) : lines;
  if (shown.length === text.length) return { shown, rest: '' };
  return { shown, rest: `… and ${count(text.length - shown.length)} characters more: --full shows them` };
}

/** No half of a surrogate pair at the end. */
function withoutHalf(text: string): string {
  return text.replace(/[\uD800-\uDBFF]$/, '');
}

/** Pairs of digits, cut short. */
function hexText(bytes: Buffer): string {
  const digits = bytes
    .subarray(0, MOST_BYTES)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
  return bytes.length > MOST_BYTES ? `${digits} …` : digits;
}

function exactBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${bytesText(bytes)} (${count(bytes)} B)`;
}

/** None where there is nothing to say. */
function fact(name: string, label: string, plain: string | undefined, human?: string): Fact[] {
  return plain === undefined ? [] : [{ name, label, plain, ...(human !== undefined && { human }) }];
}

function safe(text: string): string {
  return forTerminal(Buffer.from(lineField(text)));
}
