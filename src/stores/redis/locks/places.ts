import type { LockRule } from '../../locks/rule.js';
import type { Connection } from '../connection.js';
import type { Room } from '../entries.js';

/** Where locks may lie, and how they are told there. */
export interface LockPlace {
  readonly connection: Connection;
  readonly rule: LockRule;
}

/** Whether locks have a place of their own: `locks:` of the profile names another server or database. */
export function keepsLocksApart({ connection, lockConnection }: Room): boolean {
  return lockConnection.location !== connection.location;
}

/** By which rule locks are told among the entries. */
export function ruleAmongEntries(room: Room): LockRule {
  return { isPlaceOfLocks: false, ownersStandOut: room.packing.ownersStandOut, goesByNames: keepsLocksApart(room) };
}

/**
 * Where locks are taken first. What lies there beside them is the application's (sessions, queues), and all of it without
 * a prefix, so that a text there says nothing then.
 */
export function lockPlaces(room: Room): readonly LockPlace[] {
  const entries = { connection: room.connection, rule: ruleAmongEntries(room) };
  if (!keepsLocksApart(room)) return [entries];
  const { ownersStandOut } = room.packing;
  return [
    {
      connection: room.lockConnection,
      rule: { isPlaceOfLocks: room.prefix !== '', ownersStandOut, goesByNames: false },
    },
    entries,
  ];
}
