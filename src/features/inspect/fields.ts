import type { Inspected } from './inspection.js';

import { toJson } from '../../codecs/json/print.js';
import { errorFields, toFailure } from '../../runtime/report-error.js';
import { printable, printKey } from '../../stores/entries/printed-key.js';
import { JsonText } from '../../terminal/json.js';
import { ttlField } from '../../terminal/value-text.js';
import { aboutLock, heldFields } from '../locks/fields.js';
import { ownerField } from '../locks/text.js';
import { outputIn } from '../remember/output-cache.js';
import { meaningOfEntry } from './entry-meaning.js';
import { isMiss } from './inspection.js';

/** A key's members in `inspect --json`. What is not known is left out. */
export function inspectedFields(inspected: Inspected) {
  const { key, storedKey, listedKey, place, value, fault, tagKept, other } = inspected;
  return {
    key: printKey(key),
    hit: !isMiss(inspected),
    value: value === undefined ? null : new JsonText(toJson(value)),
    type: value?.type ?? null,
    ...timeFields(inspected),
    storedKey: storedKey && printKey(storedKey),
    listedKey: printKey(listedKey),
    place: { ...place },
    ...writtenFields(inspected),
    ...tagFields(inspected),
    kind: other && { type: other.type, length: other.length },
    tagKept: tagKept && printKey(tagKept),
    ...meaningFields(inspected),
    ...nearFields(inspected),
    error: fault && errorFields(toFailure(fault)),
  };
}

function timeFields({ entry, expiresAt, expiredAt }: Inspected) {
  return {
    ttl: entry === undefined ? null : ttlField(entry.ttl),
    expiresAt: expiresAt === undefined ? undefined : (expiresAt?.toISOString() ?? null),
    expiredAt: expiredAt?.toISOString(),
  };
}

function writtenFields({ entry, format, usage }: Inspected) {
  const cas = usage?.cas === undefined ? undefined : String(usage.cas);
  return { size: entry?.stored.length, ...format, ...usage, cas };
}

function tagFields({ tags }: Inspected) {
  return (
    tags && {
      tags: tags.names.map((name) => printKey(name)),
      ordered: tags.isOrdered,
      unlisted: tags.unlisted?.map((name) => printKey(name)),
    }
  );
}

function meaningFields(inspected: Inspected) {
  const { lock, limiter, flexible, value } = inspected;
  const left = value && outputIn(value);
  return {
    lock: lock && lockFields(inspected, lock),
    rateLimiter: limiter && {
      key: printKey(limiter.key),
      attempts: new JsonText(String(limiter.attempts)),
      resetsAt: isoOf(limiter.resetsAt),
    },
    flexible: flexible && { key: printKey(flexible.key), createdAt: isoOf(flexible.createdAt) },
    remembered: left && { exitCode: left.exitCode },
    meaning: isMiss(inspected) ? undefined : meaningOfEntry(inspected.key),
  };
}

function nearFields({ key, lockApart, near, elsewhere }: Inspected) {
  return {
    near: near && near.length > 0 ? near.map((each) => ({ ...each, storedKey: printKey(each.storedKey) })) : undefined,
    elsewhere: elsewhere?.map((names) => names.map((name) => printKey(name))),
    lockApart: lockApart && heldFields(key, lockApart),
  };
}

/** A number that no date can be is somebody's, and no time. */
export function isoOf(date: Date): null | string {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function lockFields({ listedKey, entry }: Inspected, { owner, toldBy }: NonNullable<Inspected['lock']>) {
  const { family, meaning, heldSince } = aboutLock(listedKey, { owner, ttl: entry?.ttl });
  return { owner: ownerField(owner), family, meaning: printable(meaning), heldSince: heldSince?.toISOString(), toldBy };
}
