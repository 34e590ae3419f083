import type { LockEvent, Waiter } from '../../stores/contract/locks.js';
import type { LockHolder } from '../../stores/contract/store.js';
import type { Style } from '../../terminal/style.js';
import type { LockSummary, TimedEvent } from './timeline.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { formatDuration } from '../../terminal/durations.js';
import { answersAPerson } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';
import { compactTable } from '../../terminal/table.js';
import { forTerminal, lineField, ttlText } from '../../terminal/value-text.js';
import { clockTime } from '../events/text.js';
import { aboutLock, whoText } from './fields.js';
import { leftText, nameText, ownerText } from './text.js';

/** Everything known of a lock that is held, a line each. */
export function holderText(name: string, holder: LockHolder): string {
  const { meaning, heldSince } = aboutLock(name, holder);
  const lines = [
    ['held by', ownerText(holder)],
    ...(heldSince === undefined ? [] : [['since', `${heldSince.toISOString()}, ${agoText(heldSince)}`]]),
    ['what it is', meaning],
    ['lets go', holder.ttl === null ? 'never by itself' : leftText(holder.ttl)],
  ];
  return `${styled('bold', nameText(name))}\n${lines.map(([head, text]) => `  ${styled('dim', head!.padEnd(11))} ${safe(text!)}\n`).join('')}`;
}

/** Waiters as the store knows them. */
export function waitersText(waiters: readonly Waiter[]): string {
  const rows = waiters.map((waiter) => [
    printKey(waiter.owner ?? ''),
    waiter.address ?? '',
    waiter.name ?? '',
    waiter.since === undefined ? '' : agoText(waiter.since),
    waiter.attempts === undefined ? '' : count(waiter.attempts),
  ]);
  return compactTable(['WAITER', 'ADDRESS', 'CLIENT', 'SINCE', 'TRIED'], rows);
}

/** What was seen of the contention for a lock. */
export function summaryText({ name, acquisitions, held, waited, refused, contenders }: LockSummary): string {
  const lines = [
    `${styled('bold', nameText(name))}  ${count(acquisitions)} acquired, ${count(refused)} ${refused === 1 ? 'try' : 'tries'} refused`,
    durationLine('held', held),
    durationLine('waited', waited),
  ].filter((line) => line !== undefined);
  const head = `${lines.join('\n')}\n`;
  if (contenders.length === 0) return head;
  const rows = contenders
    .slice(0, MOST_CONTENDERS)
    .map((contender) => [
      printKey(contender.owner ?? ''),
      contender.client?.address ?? '',
      contender.client?.name ?? '',
      count(contender.attempts),
      clockTime(contender.since),
      clockTime(contender.until),
    ]);
  const rest = contenders.length - rows.length;
  const more = rest > 0 ? `and ${count(rest)} more\n` : '';
  return `${head}${compactTable(['TRIED BY', 'ADDRESS', 'CLIENT', 'TRIES', 'FIRST', 'LAST'], rows)}${more}`;
}

/** An event on one line: columns for a person, fields between tabs (full time first) for a pipe. */
export function timedLine(event: TimedEvent, nameWidth: number): string {
  const details = detailsOf(event);
  if (!answersAPerson()) {
    const { time, type, name, owner, client } = event;
    const who = printKey(owner ?? '');
    const fields = [
      time.toISOString(),
      type,
      printKey(name),
      who,
      client?.address ?? '',
      client?.name ?? '',
      ...details,
    ];
    return `${fields.map((text) => lineField(text)).join('\t')}\n`;
  }

  const type = styled(STYLES[event.type], event.type.padEnd(LONGEST_TYPE));
  const name = nameText(event.name).padEnd(nameWidth);
  return `${[clockTime(event.time), type, name, safe(whoText(event)), styled('dim', details.join(', '))].join('  ').trimEnd()}\n`;
}

/** Seconds, to the millisecond where they are few. */
export function secondsText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)}s` : formatDuration(seconds);
}

const MOST_CONTENDERS = 50;

const STYLES: Readonly<Record<LockEvent['type'], Style>> = {
  held: 'cyan',
  acquired: 'green',
  contended: 'yellow',
  refreshed: 'dim',
  released: 'cyan',
  expired: 'red',
};

const LONGEST_TYPE = Math.max(...Object.keys(STYLES).map((type) => type.length));

function detailsOf({ ttl, held, waited, attempts }: TimedEvent): string[] {
  return [
    ...(waited === undefined ? [] : [`waited ${secondsText(waited)}`]),
    ...(held === undefined ? [] : [`held for ${secondsText(held)}`]),
    ...(ttl === undefined ? [] : [ttlText(ttl)]),
    ...(attempts === undefined || attempts === 1 ? [] : [`${count(attempts)} tries`]),
  ];
}

function durationLine(what: string, durations: LockSummary['held']): string | undefined {
  const { median, worst } = durations;
  if (median === undefined || worst === undefined) return undefined;
  const times = durations.count === 1 ? 'once' : `${count(durations.count)} times`;
  return `  ${styled('dim', what.padEnd(6))} median ${secondsText(median)}, worst ${secondsText(worst)}, ${times}`;
}

function agoText(since: Date): string {
  return `${secondsText(Math.max(0, Date.now() - since.getTime()) / 1000)} ago`;
}

/** Whoever can write to the cache can name locks and owners. */
function safe(text: string): string {
  return forTerminal(Buffer.from(lineField(text)));
}

function styled(style: Style, text: string): string {
  return styleAnswer(style, text);
}
