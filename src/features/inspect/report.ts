import type { LockHolder } from '../../stores/contract/store.js';
import type { Inspected } from './inspection.js';

import { toJson } from '../../codecs/json/print.js';
import { errorFields, toFailure } from '../../runtime/report-error.js';
import { meaningOfEntry } from '../../stores/entries/entry-meaning.js';
import { printable, printKey, printNames } from '../../stores/entries/printed-key.js';
import { outputIn } from '../../stores/entries/remembered-output.js';
import { aboutLock, DETECTED_BY, nameText, ownerField, ownerText } from '../../stores/locks/description.js';
import { formatDuration } from '../../terminal/durations.js';
import { JsonText } from '../../terminal/json.js';
import { exactBytes } from '../../terminal/numbers.js';
import { type Field, reportText } from '../../terminal/report.js';
import { styleAnswer } from '../../terminal/style.js';
import { plainTtl } from '../../terminal/value-text.js';
import { isMiss } from './inspection.js';
import { valueBlock, valueOnLine } from './shown-value.js';

/** For a terminal: the key, a line for each fact, then the value. @param full do not truncate the value */
export function inspectedText(inspected: Inspected, full: boolean): string {
  const head = styleAnswer('bold', printKey(inspected.key));
  return `${head}\n${reportText(inspectedFields(inspected, full), '  ')}${valueBlock(inspected, full)}`;
}

/** The fields of the report. @param full do not truncate the value in a pipe */
export function inspectedFields(inspected: Inspected, full: boolean): Field[] {
  const { key, storedKey, listedKey, place, value } = inspected;
  return [
    { name: 'key', value: printKey(key) },
    { name: 'hit', value: !isMiss(inspected) },
    { name: 'storedKey', value: storedKey && printKey(storedKey), label: 'stored as' },
    { name: 'listedKey', value: printKey(listedKey) },
    { name: 'place', members: Object.entries(place).map(([name, of]) => ({ name, value: of, label: name })) },
    ...kindFields(inspected),
    ...elementFields(inspected),
    ...formatFields(inspected),
    ...timeFields(inspected),
    ...usageFields(inspected),
    ...tagFields(inspected),
    ...lockFields(inspected),
    ...meaningFields(inspected),
    ...nearFields(inspected),
    ...faultFields(inspected),
    { name: 'value', value: value && new JsonText(toJson(value)), plain: valueOnLine(inspected, full) },
  ];
}

/** For a key that is not a cache entry. */
function kindFields({ other, fault }: Inspected): Field[] {
  if (other === undefined) return [];
  const type = { name: 'type', value: other.type, label: 'what it is', text: fault?.message };
  return [{ name: 'kind', members: [type, { name: 'length', value: other.length }] }];
}

function elementFields({ other }: Inspected): Field[] {
  if (other?.elements === undefined) return [];
  const printed = other.elements.map((parts) => parts.map((part) => printKey(part)));
  const shown = printed.map((parts) => (parts.length === 1 ? parts[0]! : parts));
  return [
    {
      name: 'elements',
      value: shown,
      plain: shown.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
    },
  ];
}

function formatFields({ entry, value, format = { codec: '' } }: Inspected): Field[] {
  if (entry === undefined) return [];
  const { codec, compression, plainSize, encoding } = format;
  return [
    { name: 'type', value: value?.type, label: 'type' },
    { name: 'codec', value: codec === '' ? undefined : codec, label: 'written as', text: CODECS[codec] },
    { name: 'compression', value: compression, label: 'compressed by' },
    { name: 'encoding', value: encoding, label: 'encoding' },
    { name: 'size', value: entry.stored.length, label: 'size', text: exactBytes(entry.stored.length) },
    { name: 'plainSize', value: plainSize, label: 'unpacked', text: plainSize && exactBytes(plainSize) },
  ].map((field) => ({ ...field, text: field.text || undefined }));
}

const CODECS: Readonly<Record<string, string>> = {
  number: 'a bare number',
  string: 'a bare string',
  boolean: 'a bare boolean',
  php: 'PHP serialize()',
};

function timeFields({ entry, expiresAt, expiredAt }: Inspected): Field[] {
  const expires = expiresAt === null ? 'never' : expiresAt && whenText(expiresAt);
  return [
    {
      name: 'ttl',
      value: entry?.ttl,
      plain: entry && plainTtl(entry.ttl),
      ...(expires === undefined && { label: 'expires' }),
    },
    {
      name: 'expiresAt',
      value: expiresAt === null ? null : expiresAt?.toISOString(),
      plain: expiresAt === null ? 'never' : undefined,
      label: 'expires',
      text: expires,
    },
    {
      name: 'expiredAt',
      value: expiredAt?.toISOString(),
      label: 'expired',
      text: expiredAt && `${whenText(expiredAt)}, not removed yet`,
    },
  ];
}

function usageFields({ usage: { idle, frequency, fetched, memory, cas } = {} }: Inspected): Field[] {
  return [
    { name: 'idle', value: idle, label: 'idle for', text: idle === undefined ? undefined : formatDuration(idle) },
    {
      name: 'frequency',
      value: frequency,
      label: 'used',
      text: frequency === undefined ? undefined : `${frequency} on the server’s logarithmic counter`,
    },
    {
      name: 'fetched',
      value: fetched,
      label: 'read',
      text: fetched === undefined ? undefined : fetched ? 'yes' : 'not since it was written',
    },
    {
      name: 'memory',
      value: memory,
      label: 'takes',
      text: memory === undefined ? undefined : `${exactBytes(memory)} of the server’s memory`,
    },
    { name: 'cas', value: cas === undefined ? undefined : String(cas), label: 'CAS' },
  ];
}

function tagFields({ tags, tagKept }: Inspected): Field[] {
  const names = tags && printNames(tags.names);
  const unlisted = tags?.unlisted && printNames(tags.unlisted);
  return [
    {
      name: 'tags',
      value: tags?.names.map((name) => printKey(name)),
      plain: names,
      label: 'tags',
      text: tags && (tags.isOrdered ? names : `${names}, and unknown others`),
    },
    { name: 'ordered', value: tags?.isOrdered },
    {
      name: 'unlisted',
      value: tags?.unlisted?.map((name) => printKey(name)),
      plain: unlisted,
      label: 'not listed by',
      text: unlisted && `${unlisted}: a flush of this tag does not remove it`,
    },
    {
      name: 'tagKept',
      value: tagKept && printKey(tagKept),
      label: 'index of tag',
      text: tagKept && `${printKey(tagKept)}; tags:show lists its members`,
    },
  ];
}

function lockFields({ lock, listedKey, entry }: Inspected): Field[] {
  if (lock === undefined) return [];
  const { meaning } = aboutLock(listedKey, lock);
  const detectedBy = { name: 'detectedBy', value: lock.detectedBy };
  const members = heldFields(listedKey, { owner: lock.owner, ttl: entry?.ttl }, [
    {
      name: 'meaning',
      label: 'what it is',
      text: `a lock, detected by its ${DETECTED_BY[lock.detectedBy]}: ${meaning}`,
    },
    { name: 'owner', label: 'held by', text: ownerText(lock) },
    { name: 'acquiredAt', label: 'acquired' },
  ]);
  return [{ name: 'lock', members: [...members, detectedBy] }];
}

/** A held lock, as in `lock:list`. @param shown labels and texts for a terminal */
function heldFields(name: string, { owner, ttl }: LockHolder, shown: readonly Field[]): Field[] {
  const { family, meaning, acquiredAt } = aboutLock(name, { owner });
  const fields: readonly Field[] = [
    { name: 'name', value: nameText(name) },
    { name: 'meaning', value: printable(meaning) },
    { name: 'owner', value: ownerField(owner), plain: ownerField(owner) ?? '' },
    { name: 'acquiredAt', value: acquiredAt?.toISOString() },
    { name: 'ttl', value: ttl, plain: plainTtl(ttl) },
    { name: 'family', value: family },
  ];
  return fields.map((field) => ({ ...field, ...shown.find((each) => each.name === field.name) }));
}

function meaningFields(inspected: Inspected): Field[] {
  const { key, limiter, flexible, value } = inspected;
  const output = value && outputIn(value);
  return [
    { name: 'meaning', value: isMiss(inspected) ? undefined : meaningOfEntry(key), label: 'what it is' },
    { name: 'rateLimiter', members: limiter && limiterFields(limiter) },
    { name: 'flexible', members: flexible && flexibleFields(flexible, key) },
    { name: 'remembered', members: output && rememberedFields(output.exitCode) },
  ];
}

function limiterFields({ key, attempts, resetsAt }: NonNullable<Inspected['limiter']>): Field[] {
  const what = `the rate limiter ${printKey(key)}, detected by its timer`;
  return [
    { name: 'key', value: printKey(key), label: 'what it is', text: what },
    { name: 'attempts', value: new JsonText(String(attempts)), label: 'attempts' },
    { name: 'resetsAt', value: isoOf(resetsAt), label: 'resets', text: whenText(resetsAt) },
  ];
}

function flexibleFields({ key, createdAt }: NonNullable<Inspected['flexible']>, inspected: string): Field[] {
  const what =
    key === inspected
      ? 'a flexible entry; only the application knows how long it is fresh'
      : `the creation time of the flexible entry ${printKey(key)}`;
  return [
    { name: 'key', value: printKey(key), label: 'what it is', text: what },
    { name: 'createdAt', value: isoOf(createdAt), label: 'created', text: whenText(createdAt) },
  ];
}

function rememberedFields(exitCode: number): Field[] {
  const text = `the output of a command, cached by remember; exit code ${exitCode}`;
  return [{ name: 'exitCode', value: exitCode, label: 'what it is', text }];
}

/** For a miss: similar keys. */
function nearFields({ key, near = [], elsewhere = [], lockApart }: Inspected): Field[] {
  const there = (text: string): Field => ({ name: '', label: 'there is', text });
  return [
    {
      name: 'near',
      members:
        near.length === 0
          ? undefined
          : near.map(({ storedKey, difference }) => [
              { name: 'storedKey', value: printKey(storedKey) },
              { name: 'difference', value: difference },
            ]),
    },
    ...near.map(({ storedKey, difference }) => there(`${printKey(storedKey)}, ${difference}`)),
    {
      name: 'elsewhere',
      value: elsewhere.length === 0 ? undefined : elsewhere.map((names) => names.map((name) => printKey(name))),
      plain: elsewhere.map((names) => printNames(names)),
    },
    ...elsewhere.map((names) =>
      there(names.length === 0 ? 'one without tags' : `one within the tags ${printNames(names)}`),
    ),
    {
      name: 'lockApart',
      members:
        lockApart &&
        heldFields(key, lockApart, [
          {
            name: 'name',
            label: 'there is',
            text: `a lock with this name, held by ${ownerText(lockApart)}; see lock:show`,
          },
        ]),
    },
  ];
}

function faultFields({ fault, other }: Inspected): Field[] {
  if (fault === undefined) return [];
  const { code, message, hint } = errorFields(toFailure(fault));
  return [
    {
      name: 'error',
      members: [
        { name: 'code', value: code },
        { name: 'message', value: message, ...(other === undefined && { label: 'no value' }) },
        { name: 'hint', value: hint },
      ],
    },
  ];
}

/** Undefined for a number that is not a date. */
function isoOf(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Relative and absolute time. */
function whenText(date: Date): string {
  const seconds = (date.getTime() - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return 'at an invalid time';
  const distance = formatDuration(Math.abs(seconds));
  return `${seconds < 0 ? `${distance} ago` : `in ${distance}`}, at ${date.toISOString()}`;
}
