import type { LockClient, LockEvent } from '../../stores/contract/locks.js';

import { Durations } from './durations.js';

/** An event with the duration that it ends, in seconds: how long the lock was held or waited for. */
export interface TimedEvent extends LockEvent {
  readonly held?: number;
  readonly waited?: number;
  /** For contended: the client was refused before and is waiting. */
  readonly again?: boolean;
}

/** A client that tried to acquire a held lock. */
export interface Contender {
  readonly owner?: string | undefined;
  readonly client?: LockClient | undefined;
  readonly attempts: number;
  /** The first and the last refused attempt. */
  readonly since: Date;
  readonly until: Date;
}

/** The current holder of a lock. */
export interface Holding {
  readonly owner: string | undefined;
  /** Undefined if the lock was held before the watch began. */
  readonly since: Date | undefined;
}

/** What happened to one lock. */
export interface LockSummary {
  readonly name: string;
  readonly acquisitions: number;
  readonly held: Durations;
  readonly waited: Durations;
  readonly refused: number;
  /** Sorted by attempts, descending. */
  readonly contenders: readonly Contender[];
  readonly holder?: Holding | undefined;
}

/** How many contenders to distinguish. Beyond that only attempts are counted. */
const MAX_CONTENDERS = 10_000;

/** Follows the events of one lock, in order and in bounded memory. */
export class LockTimeline {
  readonly #name: string;
  readonly #held = new Durations();
  readonly #waited = new Durations();
  readonly #contenders = new Map<string, Contender>();
  /** When each current waiter started to wait. */
  readonly #waitingSince = new Map<string, Date>();
  #acquisitions = 0;
  #refused = 0;
  #holder: Holding | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  add(event: LockEvent): TimedEvent {
    switch (event.type) {
      case 'acquired': {
        return this.#acquired(event);
      }

      case 'contended': {
        return this.#contended(event);
      }

      case 'expired':
      case 'released': {
        return this.#ended(event);
      }

      case 'held': {
        this.#holder = { owner: event.owner, since: undefined };
        return event;
      }

      case 'refreshed': {
        return event;
      }
    }
  }

  get summary(): LockSummary {
    return {
      name: this.#name,
      acquisitions: this.#acquisitions,
      held: this.#held,
      waited: this.#waited,
      refused: this.#refused,
      contenders: [...this.#contenders.values()].sort((one, other) => other.attempts - one.attempts),
      holder: this.#holder,
    };
  }

  #acquired(event: LockEvent): TimedEvent {
    this.#holder = { owner: event.owner, since: event.time };
    this.#acquisitions++;
    const since = this.#waitingSince.get(identity(event));
    this.#waitingSince.delete(identity(event));
    if (since === undefined) return event;
    const waited = secondsBetween(since, event.time);
    this.#waited.add(waited);
    return { ...event, waited };
  }

  #ended(event: LockEvent): TimedEvent {
    const holder = this.#holder;
    this.#holder = undefined;
    if (holder?.since === undefined) return event;
    const held = secondsBetween(holder.since, event.time);
    this.#held.add(held);
    return { ...event, held };
  }

  #contended(event: LockEvent): TimedEvent {
    const { attempts = 1, client, owner, time } = event;
    const id = identity(event);
    this.#refused += attempts;
    const known = this.#contenders.get(id);
    if (known === undefined && this.#contenders.size >= MAX_CONTENDERS) return event;
    this.#contenders.set(id, {
      owner: owner ?? known?.owner,
      client: client ?? known?.client,
      attempts: (known?.attempts ?? 0) + attempts,
      since: known?.since ?? time,
      until: time,
    });
    if (this.#waitingSince.has(id)) return { ...event, again: true };
    this.#waitingSince.set(id, time);
    return event;
  }
}

/** Waiters retry with one owner; if it is unknown, on one connection. */
function identity({ owner, client }: LockEvent): string {
  return owner ?? client?.address ?? client?.name ?? '';
}

function secondsBetween(start: Date, end: Date): number {
  return Math.max(0, end.getTime() - start.getTime()) / 1000;
}
