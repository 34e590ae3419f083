import type { AbstractCursor, Collection, Document } from 'mongodb';

import type { ProcessPlace } from '../locks/process.js';
import type { Stored } from './values.js';

/** What a collection holds. */
export type CollectionRole = 'entries' | 'locks';

/** An entry in the format of mongodb/laravel-mongodb; `tags` is cachectl's. Fields are validated when they are read. */
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

/** The collection of the waiters of all locks of a database. */
export const WAITERS = 'cachectl_waiters';

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

/** A connected deployment. */
export interface Deployment {
  readonly entries: Collection<EntryDocument>;
  readonly locks: Collection<LockDocument>;
  readonly waiters: Collection<WaiterDocument>;
  /** Unix time by the server's clock, in milliseconds. */
  now(): number;
  /** Run a command on the cache's database, or on `admin`. */
  command(about: 'database' | 'server', command: Document): Promise<Document>;
  /** The `hello` of the server that answers. */
  hello(): Promise<Document>;
}

/** Reads a cursor, with a time limit for each answer. */
export type Answers = <T>(cursor: AbstractCursor<T>) => AsyncIterable<T>;
