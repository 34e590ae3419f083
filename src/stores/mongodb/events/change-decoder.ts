import type { Change, Place } from './collection-changes.js';
import type { FoundDocument, Teller } from './emitter.js';

import { lifeOf, sizeOf, tagsOf } from './emitter.js';

/** Tells what a change means. @param now the server's time, in milliseconds, where the change has none */
export function tellChange(place: Place, change: Change, teller: Teller, now: () => number): void {
  if (place === 'entries') tellEntryChange(change, teller, now);
  else tellLockChange(change, teller, now);
}

function tellEntryChange(change: Change, teller: Teller, now: () => number): void {
  const { operationType } = change;
  if (operationType === 'drop' || operationType === 'rename') {
    teller.tell('CacheFlushed', undefined, () => ({ time: timeOf(change) }));
    return;
  }

  const id = idOf(change);
  if (id === undefined) return;
  if (operationType === 'delete') teller.tell('KeyForgotten', id, () => ({ time: timeOf(change) }));
  if (!isWriting(change) || isOfExpiryAlone(change)) return;
  teller.tell('KeyWritten', id, () => {
    const document = documentOf(change);
    return {
      time: timeOf(change),
      ...lifeOf(document, wallTimeOf(change)?.getTime() ?? now()),
      ...sizeOf(document),
      ...(isWhole(change) && tagsOf(document)),
    };
  });
}

/** Another owner has taken it over when it had expired; the same one with another expiry has kept it. */
function tellLockChange(change: Change, teller: Teller, now: () => number): void {
  const id = idOf(change);
  if (id === undefined) return;
  if (change.operationType === 'delete') teller.tell('LockReleased', id, () => ({ time: timeOf(change) }));
  if (!isWriting(change) || isOfExpiryAlone(change)) return;
  teller.tell('LockAcquired', id, () => ({
    time: timeOf(change),
    ...lifeOf(documentOf(change), wallTimeOf(change)?.getTime() ?? now()),
  }));
}

type Writing = Extract<Change, { operationType: 'insert' | 'replace' | 'update' }>;

function isWriting(change: Change): change is Writing {
  return ['insert', 'replace', 'update'].includes(change.operationType);
}

/** A touch, or the refreshing of a lock. */
function isOfExpiryAlone(change: Writing): boolean {
  const fields = Object.keys(updatedFields(change));
  return fields.length === 1 && fields[0] === 'expires_at';
}

/** What was written tells more exactly than the document that the server looked up afterwards. */
function documentOf(change: Writing): FoundDocument {
  return { ...change.fullDocument, ...updatedFields(change) };
}

/** An update alone says nothing of the fields that stay as they are. */
function isWhole({ fullDocument }: Writing): boolean {
  return fullDocument !== undefined && fullDocument !== null;
}

function updatedFields(change: Writing): FoundDocument {
  if (change.operationType !== 'update') return {};
  // A server that is not MongoDB may leave it out.
  const description = change.updateDescription as { readonly updatedFields?: FoundDocument } | undefined;
  return description?.updatedFields ?? {};
}

function idOf(change: Change): string | undefined {
  const id: unknown = 'documentKey' in change ? change.documentKey?._id : undefined;
  return typeof id === 'string' ? id : undefined;
}

function timeOf(change: Change): Date {
  return wallTimeOf(change) ?? new Date();
}

/** Servers before 6.0 tell no time of day. */
function wallTimeOf(change: Change): Date | undefined {
  return 'wallTime' in change && change.wallTime instanceof Date ? change.wallTime : undefined;
}
