import type { LockEvent, Waiter } from '../../stores/contract/locks.js';
import type { LockHolder } from '../../stores/contract/store.js';
import type { Style } from '../../terminal/style.js';
import type { Durations } from './durations.js';
import type { LockSummary, TimedEvent } from './timeline.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { aboutLock, nameText, ownerText } from '../../stores/locks/description.js';
import { clockTime, formatDuration } from '../../terminal/durations.js';
import { itemFields, itemLine, listTable } from '../../terminal/list.js';
import { answersAPerson } from '../../terminal/output.js';
import { count, countOf } from '../../terminal/progress.js';
import { type Field, reportText } from '../../terminal/report.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField, ttlText } from '../../terminal/value-text.js';
import { agoText, contenderColumns, eventColumns, heldColumns, waiterColumns } from './columns.js';
import { whoText } from './text.js';

/** What `lock:show` reports. */
export interface ShownLock {
  readonly name: string;
  /** Undefined if the lock is free. */
  readonly holder: LockHolder | undefined;
  /** Undefined if the store does not know waiters. */
  readonly waiters: readonly Waiter[] | undefined;
  /** What happened while the lock was watched. */
  readonly seen: LockSummary | undefined;
}

export function shownFields({ name, holder, waiters, seen }: ShownLock): Field[] {
  return [
    ...(holder === undefined ? [{ name: 'name', value: printKey(name) }] : heldFields(name, holder)),
    { name: 'held', value: holder !== undefined },
    { name: 'waiters', members: waiters?.map((waiter) => itemFields(waiter, waiterColumns)) },
    { name: 'seen', members: seen && summaryFields(seen) },
  ];
}

/** The report for a person. */
export async function shownText({ name, holder, waiters = [], seen }: ShownLock): Promise<string> {
  const [, ...facts] = holder === undefined ? [] : heldFields(name, holder);
  return [
    holder === undefined ? '' : `${styled('bold', nameText(name))}\n${reportText(facts, '  ')}`,
    await listTable(waiters, waiterColumns),
    seen === undefined ? '' : await summaryText(seen),
  ].join('');
}

/** A held lock, with the whole owner token. */
function heldFields(name: string, holder: LockHolder): Field[] {
  const { acquiredAt, meaning } = aboutLock(name, holder);
  const texts: Readonly<Record<string, string | undefined>> = {
    owner: ownerText(holder),
    acquiredAt: acquiredAt && `${agoText(acquiredAt)} ago, at ${acquiredAt.toISOString()}`,
    meaning,
  };
  return itemFields({ ...holder, name }, heldColumns).map((field) => ({
    ...field,
    text: texts[field.name] ?? field.text,
  }));
}

/** The contention for a lock. Durations are in seconds. */
export function summaryFields({ name, acquisitions, held, waited, refused, contenders }: LockSummary): Field[] {
  return [
    { name: 'name', value: printKey(name) },
    { name: 'acquisitions', value: acquisitions },
    { name: 'holdTimes', members: durationFields(held) },
    { name: 'waitTimes', members: durationFields(waited) },
    { name: 'refused', value: refused },
    { name: 'contenders', members: contenders.map((contender) => itemFields(contender, contenderColumns)) },
  ];
}

function durationFields({ count: number, median, worst }: Durations): Field[] {
  return [
    { name: 'count', value: number },
    { name: 'median', value: median },
    { name: 'worst', value: worst },
  ];
}

/** The contention for a person. */
export async function summaryText({
  name,
  acquisitions,
  held,
  waited,
  refused,
  contenders,
}: LockSummary): Promise<string> {
  const lines = [
    `${styled('bold', nameText(name))}  ${count(acquisitions)} acquired, ${countOf(refused, 'attempt')} refused`,
    durationLine('held', held),
    durationLine('waited', waited),
  ].filter((line) => line !== undefined);
  const rest = contenders.length - MAX_CONTENDERS;
  const more = rest > 0 ? `and ${count(rest)} more\n` : '';
  return `${lines.join('\n')}\n${await listTable(contenders.slice(0, MAX_CONTENDERS), contenderColumns)}${more}`;
}

/** An event on one line: aligned for a person, tab-separated for a pipe. */
export function timedLine(event: TimedEvent, nameWidth: number): string {
  if (!answersAPerson()) return itemLine(event, eventColumns);
  const type = styled(STYLES[event.type], event.type.padEnd(TYPE_WIDTH));
  const name = nameText(event.name).padEnd(nameWidth);
  const who = forTerminal(Buffer.from(lineField(whoText(event))));
  const details = styled('dim', detailsOf(event).join(', '));
  return `${[clockTime(event.time), type, name, who, details].join('  ').trimEnd()}\n`;
}

/** Format a duration, in milliseconds if it is short. */
export function secondsText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)}s` : formatDuration(seconds);
}

const MAX_CONTENDERS = 50;

const STYLES: Readonly<Record<LockEvent['type'], Style>> = {
  held: 'cyan',
  acquired: 'green',
  contended: 'yellow',
  refreshed: 'dim',
  released: 'cyan',
  expired: 'red',
};

const TYPE_WIDTH = Math.max(...Object.keys(STYLES).map((type) => type.length));

function detailsOf({ ttl, held, waited, attempts }: TimedEvent): string[] {
  return [
    ...(waited === undefined ? [] : [`waited ${secondsText(waited)}`]),
    ...(held === undefined ? [] : [`held for ${secondsText(held)}`]),
    ...(ttl === undefined ? [] : [ttlText(ttl)]),
    ...(attempts === undefined || attempts === 1 ? [] : [`${count(attempts)} attempts`]),
  ];
}

function durationLine(what: string, { count: number, median, worst }: Durations): string | undefined {
  if (median === undefined || worst === undefined) return undefined;
  const times = number === 1 ? 'once' : `${count(number)} times`;
  return `  ${styled('dim', what.padEnd(6))} median ${secondsText(median)}, worst ${secondsText(worst)}, ${times}`;
}

function styled(style: Style, text: string): string {
  return styleAnswer(style, text);
}
