import type { AbstractCursor, Collection, Document } from 'mongodb';

import type { ProcessPlace } from '../locks/process.js';
import type { Stored } from './values.js';

/** An entry, as mongodb/laravel-mongodb has it; `tags` is ours. What `value` holds when it is read is looked at. */
export interface EntryDocument {
  _id: string;
  value: Stored;
  expires_at: Date;
  tags?: string[];
}

export interface LockDocument {
  _id: string;
  owner: string;
  expires_at: Date;
}

/** Collection of the waiters of all locks of a database. */
export const WAITERS = 'cachectl_waiters';

/** A process that waits for a lock. */
export interface WaiterDocument extends ProcessPlace {
  /** Random. */
  readonly _id: string;
  readonly collection: string;
  readonly lock: string;
  readonly owner: string;
  readonly since: Date;
  readonly attempts: number;
  readonly expires_at: Date;
}

/** A deployment, and what of it is asked at a time. */
export interface Deployment {
  readonly entries: Collection<EntryDocument>;
  readonly locks: Collection<LockDocument>;
  readonly waiters: Collection<WaiterDocument>;
  /** By the server's clock, in milliseconds. */
  now(): number;
  /** A question about the database itself, or about the server. */
  command(about: 'database' | 'server', command: Document): Promise<Document>;
  /** How the server that answers sees itself. */
  hello(): Promise<Document>;
}

/** Yields what a cursor yields, with a timeout for each of its answers. */
export type Answers = <T>(cursor: AbstractCursor<T>) => AsyncIterable<T>;
