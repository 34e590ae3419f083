import type { CollectionRole } from '../deployment.js';
import type { Change } from './collection-changes.js';
import type { Emitter, FoundDocument } from './emitter.js';

import { lifeOf, sizeOf, tagsOf } from './emitter.js';

/** Emit the event of a change. @param now the server's time, in milliseconds, for changes without one */
export function emitChange(role: CollectionRole, change: Change, emitter: Emitter, now: () => number): void {
  if (role === 'entries') emitEntryChange(change, emitter, now);
  else emitLockChange(change, emitter, now);
}

function emitEntryChange(change: Change, emitter: Emitter, now: () => number): void {
  const { operationType } = change;
  if (operationType === 'drop' || operationType === 'rename') {
    emitter.emit('CacheFlushed', undefined, () => ({ time: timeOf(change) }));
    return;
  }

  const id = idOf(change);
  if (id === undefined) return;
  if (operationType === 'delete') emitter.emit('KeyForgotten', id, () => ({ time: timeOf(change) }));
  if (!isWriting(change) || changesOnlyExpiry(change)) return;
  emitter.emit('KeyWritten', id, () => {
    const document = documentOf(change);
    return {
      time: timeOf(change),
      ...lifeOf(document, wallTimeOf(change)?.getTime() ?? now()),
      ...sizeOf(document),
      ...(isWhole(change) && tagsOf(document)),
    };
  });
}

/** A write with an owner acquires the lock, perhaps an expired one. A new expiry alone is a refresh. */
function emitLockChange(change: Change, emitter: Emitter, now: () => number): void {
  const id = idOf(change);
  if (id === undefined) return;
  if (change.operationType === 'delete') emitter.emit('LockReleased', id, () => ({ time: timeOf(change) }));
  if (!isWriting(change) || changesOnlyExpiry(change)) return;
  emitter.emit('LockAcquired', id, () => ({
    time: timeOf(change),
    ...lifeOf(documentOf(change), wallTimeOf(change)?.getTime() ?? now()),
  }));
}

type Writing = Extract<Change, { operationType: 'insert' | 'replace' | 'update' }>;

function isWriting(change: Change): change is Writing {
  return ['insert', 'replace', 'update'].includes(change.operationType);
}

/** Whether it is a touch or the refresh of a lock. */
function changesOnlyExpiry(change: Writing): boolean {
  const fields = Object.keys(updatedFields(change));
  return fields.length === 1 && fields[0] === 'expires_at';
}

/** Updated fields take precedence over the document, which the server looks up after the change. */
function documentOf(change: Writing): FoundDocument {
  return { ...change.fullDocument, ...updatedFields(change) };
}

/** Whether the change has the whole document. An update has only the changed fields. */
function isWhole({ fullDocument }: Writing): boolean {
  return fullDocument !== undefined && fullDocument !== null;
}

function updatedFields(change: Writing): FoundDocument {
  if (change.operationType !== 'update') return {};
  // MongoDB-compatible servers may omit it.
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

/** Since MongoDB 6.0. */
function wallTimeOf(change: Change): Date | undefined {
  return 'wallTime' in change && change.wallTime instanceof Date ? change.wallTime : undefined;
}
