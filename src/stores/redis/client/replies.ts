import type { Reply } from './command.js';

/** An answer that is a whole number. */
export function count(reply: Error | Reply): number {
  return Number(given(reply) as string);
}

/** An answer that is bytes, or nothing. */
export function bytes(reply: Error | Reply): Buffer | null {
  return given(reply) as Buffer | null;
}

/** The answer, or the error that came in its place. */
export function given(reply: Error | Reply): Reply {
  if (reply instanceof Error) throw reply;
  return reply;
}

/** Whether PTTL found no key: its -2. */
export function isGone(pttl: Error | Reply): boolean {
  return count(pttl) === -2;
}

/** Milliseconds left, from PTTL's; of its -1, «never expires», nothing. */
export function leftOf(pttl: Error | Reply): { leftMs?: number } {
  const milliseconds = count(pttl);
  return milliseconds < 0 ? {} : { leftMs: milliseconds };
}

/** Seconds left, from PTTL's milliseconds; null for its -1, «never expires». */
export function ttlOf(pttl: Error | Reply): null | number {
  const milliseconds = count(pttl);
  return milliseconds < 0 ? null : Math.max(1, Math.ceil(milliseconds / 1000));
}
