import type { RawRecord } from './world.js';

/** How an operation may change the records of the server. */
export interface Expectation {
  /** `free`: it may change or be removed. */
  fate(record: RawRecord): 'free' | 'kept' | 'removed';
  /** Whether a record that was not there before belongs to the operation. */
  mayAppear?(record: RawRecord): boolean;
  /** What the operation reported as removed. */
  readonly removed?: number | undefined;
}

export function isUnder(prefix: string, { key }: RawRecord): boolean {
  const head = Buffer.from(prefix);
  return key.subarray(0, head.length).equals(head);
}

export function short(prefix: string, { key }: RawRecord): string {
  return key.subarray(Buffer.byteLength(prefix)).toString();
}

/** A record of tags that belongs to exactly this prefix. */
export function isTagOf(record: RawRecord, prefix: string): boolean {
  return (
    record.place === 'tags' && isUnder(prefix, record) && (record.tag !== undefined || isBookkeeping(record, prefix))
  );
}

/** Whether the record is part of the tags of an application with this prefix. */
export function isBookkeeping(record: RawRecord, prefix: string): boolean {
  return record.tag !== undefined || /^tag:.*:(?:entries|key)$/s.test(short(prefix, record));
}

/** On Redis, of any prefix. Only a flush of everything removes one. */
export function isTagSet({ place, key }: RawRecord): boolean {
  return place === 'tags' && /tag:.*:entries$/s.test(key.toString());
}

export function entriesAt(keys: readonly string[]): Expectation['fate'] {
  return ({ place, key, tag }) => {
    if (!keys.includes(key.toString())) return 'kept';
    if (tag !== undefined) return 'free';
    return place === 'entries' ? 'removed' : 'free';
  };
}

export function changing(keys: readonly string[]): Expectation {
  const isOne = ({ key, tag }: RawRecord): boolean => tag === undefined && keys.includes(key.toString());
  return { fate: (record) => (isOne(record) ? 'free' : 'kept'), mayAppear: isOne };
}

export function lockAt(at: string, fate: 'free' | 'removed'): Expectation['fate'] {
  return ({ key, place }) => (key.toString() === at && (place === 'locks' || fate === 'removed') ? fate : 'kept');
}
