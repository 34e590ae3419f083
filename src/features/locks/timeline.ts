import type { LockClient, LockEvent } from '../../stores/contract/locks.js';

import { Durations } from './durations.js';

/** An event, with what it ends: how long the lock was held, or waited for, in seconds. */
export interface TimedEvent extends LockEvent {
  readonly held?: number;
  readonly waited?: number;
  /** Of contended: by somebody who was refused already, and waits. */
  readonly again?: boolean;
}

/** Somebody who tried and did not get the lock. */
export interface Contender {
  readonly owner?: string | undefined;
  readonly client?: LockClient | undefined;
  readonly attempts: number;
  /** Of the first try that failed, and of the last. */
  readonly since: Date;
  readonly until: Date;
}

/** Who holds a lock now. */
export interface Holding {
  readonly owner: string | undefined;
  /** Undefined of what was held when we began to look. */
  readonly since: Date | undefined;
}

/** What happened to one lock. */
export interface LockSummary {
  readonly name: string;
  readonly acquisitions: number;
  readonly held: Durations;
  readonly waited: Durations;
  readonly refused: number;
  /** The most eager first. */
  readonly contenders: readonly Contender[];
  readonly holder?: Holding | undefined;
}

/** Contenders of one lock that are told apart; of more, only the number of tries is known. */
const MOST_CONTENDERS = 10_000;

/** Follows one lock's events in their order, in memory that does not grow with them. */
export class LockTimeline {
  readonly #name: string;
  readonly #held = new Durations();
  readonly #waited = new Durations();
  readonly #contenders = new Map<string, Contender>();
  /** Since when those who wait now do. */
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
    if (known === undefined && this.#contenders.size >= MOST_CONTENDERS) return event;
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

/** Waiters try with one owner again and again; where that is not told, on one connection. */
function identity({ owner, client }: LockEvent): string {
  return owner ?? client?.address ?? client?.name ?? '';
}

function secondsBetween(start: Date, end: Date): number {
  return Math.max(0, end.getTime() - start.getTime()) / 1000;
}
