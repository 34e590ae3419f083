import type { LockRule } from '../../locks/rule.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

/** A place that may hold locks, and the rule that recognizes them there. */
export interface LockPlace {
  readonly connection: Connection;
  readonly rule: LockRule;
}

/** Whether locks have a place of their own: `locks:` of the profile names another server or database. */
export function keepsLocksApart({ connection, lockConnection }: RedisContext): boolean {
  return lockConnection.location !== connection.location;
}

/** The rule that recognizes locks among the entries. */
export function ruleAmongEntries(context: RedisContext): LockRule {
  return {
    isPlaceOfLocks: false,
    ownersStandOut: context.packing.ownersStandOut,
    goesByNames: keepsLocksApart(context),
  };
}

/**
 * Where locks are taken first. What lies there beside them is the application's (sessions, queues), and all of it without
 * a prefix, so that a text there says nothing then.
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
