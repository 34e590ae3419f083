import type { LockRule } from '../../locks/rule.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

/** A server or database that may hold locks, and the rule that recognizes them there. */
export interface LockPlace {
  readonly connection: Connection;
  readonly rule: LockRule;
}

/** Whether locks are stored separately: `locks:` in the profile names another server or database. */
export function keepsLocksApart({ connection, lockConnection }: RedisContext): boolean {
  return lockConnection.location !== connection.location;
}

/** How to recognize locks among entries. */
export function ruleAmongEntries(context: RedisContext): LockRule {
  return {
    isPlaceOfLocks: false,
    ownersStandOut: context.packing.ownersStandOut,
    goesByNames: keepsLocksApart(context),
  };
}

/**
 * The places to search for locks, the main one first. The application keeps other data (sessions, queues) in a separate
 * place. Without a prefix all of that is in scope, so bare text is no sign of a lock then.
 */
export function lockPlaces(context: RedisContext): readonly LockPlace[] {
  const entries = { connection: context.connection, rule: ruleAmongEntries(context) };
  if (!keepsLocksApart(context)) return [entries];
  const { ownersStandOut } = context.packing;
  return [
    {
      connection: context.lockConnection,
      rule: { isPlaceOfLocks: context.prefix !== '', ownersStandOut, goesByNames: false },
    },
    entries,
  ];
}
