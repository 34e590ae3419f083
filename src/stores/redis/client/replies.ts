import type { Reply } from './command.js';

import { UnreachableError } from '../../../errors.js';
import { NOT_REDIS } from '../errors.js';

/** A reply that is an integer. @throws UnreachableError */
export function count(reply: Error | Reply): number {
  const text = given(reply);
  if (typeof text !== 'string' && !Buffer.isBuffer(text)) throw unexpected();
  return wholeNumber(Number(String(text)));
}

/** @throws UnreachableError if the server gave something else */
export function wholeNumber(number: number): number {
  if (!Number.isInteger(number)) throw unexpected();
  return number;
}

/** A reply that is bytes, or null. @throws UnreachableError */
export function bytes(reply: Error | Reply): Buffer | null {
  const value = given(reply);
  if (value !== null && !Buffer.isBuffer(value)) throw unexpected();
  return value;
}

/** A reply that is a list, such as a script's, of this length if one is given. @throws UnreachableError */
export function list(reply: Error | Reply, length?: number): readonly Reply[] {
  const replies = given(reply);
  if (!isList(replies) || (length !== undefined && replies.length !== length)) throw unexpected();
  return replies;
}

/** A script's step through all keys: the cursor of the next one, `0` at the end, and what it found. @throws UnreachableError */
export function scanStep(reply: Error | Reply, found: number): { cursor: string; found: readonly Reply[] } {
  const [cursor, ...rest] = list(reply, 1 + found);
  if (!/^\d{1,20}$/.test(String(cursor))) throw unexpected();
  return { cursor: String(cursor), found: rest };
}

/** A list of bytes, in groups of `per`. @throws UnreachableError */
export function bytesList(reply: Error | Reply, per = 1): readonly Buffer[] {
  const replies = list(reply);
  if (replies.length % per !== 0 || !replies.every((part) => Buffer.isBuffer(part))) throw unexpected();
  return replies as readonly Buffer[];
}

function isList(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function unexpected(): UnreachableError {
  return new UnreachableError('the server gave an unexpected reply', NOT_REDIS);
}

/** A reply. @throws the error reply */
export function given(reply: Error | Reply): Reply {
  if (reply instanceof Error) throw reply;
  return reply;
}

/** Whether GET found a value: neither null nor an error. */
export function isHit(value: Error | Reply): boolean {
  return value !== null && !(value instanceof Error);
}

/** Whether PTTL found no key (-2). */
export function isGone(pttl: Error | Reply): boolean {
  return count(pttl) === -2;
}

/** Milliseconds left, from a PTTL reply; empty for -1, "never expires". */
export function leftOf(pttl: Error | Reply): { leftMs?: number } {
  const milliseconds = count(pttl);
  return milliseconds < 0 ? {} : { leftMs: milliseconds };
}

/** Seconds left, from a PTTL reply; null for -1, "never expires". */
export function ttlOf(pttl: Error | Reply): null | number {
  const milliseconds = count(pttl);
  return milliseconds < 0 ? null : Math.max(1, Math.ceil(milliseconds / 1000));
}
