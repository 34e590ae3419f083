import type { ListedLock, Waiter } from '../../stores/contract/locks.js';
import type { LockHolder } from '../../stores/contract/store.js';
import type { Contender, TimedEvent } from './timeline.js';

import { printable, printKey } from '../../stores/entries/printed-key.js';
import { aboutLock, DETECTED_BY, nameText, ownerField, ownerText } from '../../stores/locks/description.js';
import { readOwner } from '../../stores/locks/owner.js';
import { clockTime, formatDuration } from '../../terminal/durations.js';
import { type Column, ttlColumn } from '../../terminal/list.js';
import { count } from '../../terminal/progress.js';
import { plainTtl } from '../../terminal/value-text.js';

export type HeldLock = LockHolder & { readonly name: string };

/** Columns of a held lock. The owner is null if the value is no owner. */
export const heldColumns: ReadonlyArray<Column<HeldLock>> = [
  { name: 'name', value: ({ name }) => nameText(name), title: 'NAME' },
  { name: 'owner', value: ({ owner }) => ownerField(owner), title: 'HELD BY', text: shortOwner },
  { name: 'acquiredAt', value: acquiredAt, plain: false, title: 'ACQUIRED', text: acquiredText },
  ttlColumn,
  { name: 'family', value: (lock) => aboutLock(lock.name, lock).family },
  { name: 'meaning', value: meaning, title: 'MEANING', text: shortMeaning },
];

const detectedColumn: Column<ListedLock> = {
  name: 'detectedBy',
  value: ({ detectedBy }) => detectedBy,
  title: 'DETECTED BY',
  text: ({ detectedBy }) => DETECTED_BY[detectedBy],
};

/** Columns of `lock:list`. */
export const lockColumns: ReadonlyArray<Column<ListedLock>> = heldColumns.flatMap(
  (column): Array<Column<ListedLock>> => (column.name === 'meaning' ? [detectedColumn, column] : [column]),
);

/** Columns of the waiters that the store knows. */
export const waiterColumns: ReadonlyArray<Column<Waiter>> = [
  { name: 'owner', value: ({ owner }) => owner && printKey(owner), title: 'WAITER' },
  { name: 'address', value: ({ address }) => address, title: 'ADDRESS' },
  { name: 'client', value: ({ name }) => name, title: 'CLIENT' },
  {
    name: 'startedAt',
    value: ({ since }) => since?.toISOString(),
    title: 'WAITING',
    text: ({ since }) => (since === undefined ? '' : `for ${agoText(since)}`),
  },
  { name: 'attempts', value: ({ attempts }) => attempts, title: 'ATTEMPTS', isNumber: true },
];

/** Columns of clients that tried to acquire a held lock. */
export const contenderColumns: ReadonlyArray<Column<Contender>> = [
  { name: 'owner', value: ({ owner }) => owner && printKey(owner), title: 'CONTENDER' },
  { name: 'address', value: ({ client }) => client?.address, title: 'ADDRESS' },
  { name: 'client', value: ({ client }) => client?.name, title: 'CLIENT' },
  {
    name: 'attempts',
    value: ({ attempts }) => attempts,
    title: 'ATTEMPTS',
    text: ({ attempts }) => count(attempts),
    isNumber: true,
  },
  { name: 'firstAt', value: ({ since }) => since.toISOString(), title: 'FIRST', text: ({ since }) => clockTime(since) },
  { name: 'lastAt', value: ({ until }) => until.toISOString(), title: 'LAST', text: ({ until }) => clockTime(until) },
];

/** Columns of `lock:watch` in JSON and in a pipe. Durations are in seconds. */
export const eventColumns: ReadonlyArray<Column<TimedEvent>> = [
  { name: 'at', value: ({ time }) => time.toISOString() },
  { name: 'type', value: ({ type }) => type },
  { name: 'name', value: ({ name }) => printKey(name) },
  { name: 'owner', value: ({ owner }) => (owner === undefined ? undefined : ownerField(owner)) },
  { name: 'address', value: ({ client }) => client?.address },
  { name: 'client', value: ({ client }) => client?.name },
  { name: 'ttl', value: ({ ttl }) => ttl, plain: ({ ttl }) => (ttl === undefined ? '' : plainTtl(ttl)) },
  { name: 'attempts', value: ({ attempts }) => attempts },
  { name: 'heldFor', value: ({ held }) => held },
  { name: 'waitedFor', value: ({ waited }) => waited },
];

/** Format the time since `time`: `5m 3s`. */
export function agoText(time: Date): string {
  return formatDuration(Math.max(0, Date.now() - time.getTime()) / 1000);
}

/** The readable part of an owner token of cachectl. `lock:show` prints the whole token. */
function shortOwner(lock: HeldLock): string {
  const own = readOwner(lock.owner);
  return own === undefined ? ownerText(lock) : `${own.who}, process ${own.pid}`;
}

/** Known if the owner token contains it. */
function acquiredAt({ name, owner }: HeldLock): string | undefined {
  return aboutLock(name, { owner }).acquiredAt?.toISOString();
}

function acquiredText({ name, owner }: HeldLock): string {
  const time = aboutLock(name, { owner }).acquiredAt;
  return time === undefined ? '' : `${agoText(time)} ago`;
}

function meaning(lock: HeldLock): string {
  return printable(aboutLock(lock.name, lock).meaning);
}

/** The owner is in another column. */
function shortMeaning(lock: HeldLock): string {
  return aboutLock(lock.name, lock).family === 'cachectl' ? 'acquired by cachectl' : meaning(lock);
}
