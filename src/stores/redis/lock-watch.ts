import type { Redis } from 'ioredis';

import { randomUUID } from 'node:crypto';

import type { LockClient, LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../lock-contract.js';
import type { Node } from './connection.js';
import type { Room } from './entries.js';

import { RefusedError, UnreachableError } from '../../errors.js';
import { EventQueue } from '../event-queue.js';
import { Callers } from './callers.js';
import { type Heard, LockModel } from './lock-model.js';
import { ownerOf } from './locks.js';
import { type MonitorLine, parsed } from './monitor.js';
import { bytes, count, isGone } from './replies.js';

/** How often what was heard is held against what the server has, in milliseconds; and how soon after a ttl's end. */
const COMPARE_MS = 1000;
const AFTER_END_MS = 5;

const TYPES: readonly LockEventType[] = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'];

/**
 * What every client does to these locks, from the MONITOR of the servers that have them. Ends with the signal. A connection
 * that is lost ends it with UnreachableError.
 */
export async function watchLocks(
  room: Room,
  names: readonly string[],
  { signal }: WatchLocksOptions,
): Promise<LockWatch> {
  signal.throwIfAborted();
  const watch = new LockWatch(room);
  try {
    for (const node of await room.lockConnection.nodes()) await watch.begin(node, names);
  } catch (error) {
    await watch.stop();
    throw error;
  }

  signal.addEventListener('abort', async () => watch.stop(), { once: true });
  if (signal.aborted) await watch.stop();
  return watch;
}

export class LockWatch implements LockStream {
  readonly source =
    'MONITOR: the tries of every client; it has the server print each command, which may cost a busy one half of its throughput meanwhile';
  readonly types = TYPES;
  readonly #room: Room;
  readonly #queue = new EventQueue<LockEvent>();
  readonly #servers: WatchedServer[] = [];

  constructor(room: Room) {
    this.#room = room;
  }

  /** Watches those of the locks that live on this server. */
  async begin(node: Node, names: readonly string[]): Promise<void> {
    const server = new WatchedServer(this.#room, node, this.#queue);
    this.#servers.push(server);
    await server.begin(names);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LockEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }
  }

  /** Never throws. */
  async stop(): Promise<void> {
    this.#queue.end();
    for (const server of this.#servers) server.stop();
  }
}

/** What the server has of a lock at one moment of its MONITOR. */
interface Snapshot {
  readonly owners: ReadonlyMap<string, { readonly owner: string; readonly left: number } | undefined>;
}

/**
 * One server. Lines of its MONITOR are taken in their order; in between stand marks of ours, at which it is known what the
 * server had: asked in one write with the mark, so that nothing came in between.
 */
class WatchedServer {
  readonly #room: Room;
  readonly #node: Node;
  readonly #queue: EventQueue<LockEvent>;
  readonly #callers: Callers;
  /** By full key. */
  readonly #models = new Map<string, LockModel>();
  readonly #snapshots = new Map<string, Promise<Snapshot>>();
  readonly #lines: MonitorLine[] = [];
  #monitor: Redis | undefined;
  #isTaking = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  /** Who sent the command whose script is running. */
  #caller = '';

  constructor(room: Room, node: Node, queue: EventQueue<LockEvent>) {
    this.#room = room;
    this.#node = node;
    this.#queue = queue;
    this.#callers = new Callers(node);
  }

  async begin(names: readonly string[]): Promise<void> {
    const { keys } = this.#room;
    for (const name of names) {
      const key = keys.full(name);
      // On a cluster only one server has it, the others say where it is.
      const [here] = await this.#node.batch([['EXISTS', key]]);
      if (here instanceof Error && !this.#room.lockConnection.isCluster) throw here;
      if (!(here instanceof Error)) this.#models.set(key, new LockModel(name));
    }

    if (this.#models.size === 0) return;
    this.#monitor = await this.#listen();
    await this.#compare();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#monitor?.disconnect();
  }

  async #listen(): Promise<Redis> {
    const monitor = await this.#node.monitor().catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error;
      throw new RefusedError(
        `${this.#room.lockConnection.location} does not let this user watch it`,
        'Grant it MONITOR (ACL SETUSER … +monitor), or look at the lock without: lock:show NAME.',
        { cause: error },
      );
    });
    monitor.on('monitor', (time: string, args: readonly string[], source: string, database: string) => {
      const line = parsed(time, args, source, database);
      if (this.#concerns(line)) this.#take(line);
      else this.#remember(line);
    });
    monitor.once('end', () => {
      if (this.#isOver) return;
      this.#queue.fail(
        new UnreachableError(
          `${this.#room.lockConnection.location} closed the connection`,
          'What happened after that was missed. Start it again.',
        ),
      );
    });
    return monitor;
  }

  /** Whether it is of one of the locks, of all keys, or a mark. */
  #concerns({ command, args, database }: MonitorLine): boolean {
    if (command === 'echo') return this.#snapshots.has(args[0]?.toString() ?? '');
    if (command === 'flushall') return true;
    if (database !== this.#room.lockConnection.database) return false;
    return command === 'flushdb' || args.some((arg) => this.#models.has(arg.toString()));
  }

  /** A script's commands come without the address of whoever ran it. */
  #remember({ isScripts, source }: MonitorLine): void {
    if (!isScripts) this.#caller = source;
  }

  #take(line: MonitorLine): void {
    this.#remember(line);
    this.#lines.push(line.isScripts ? { ...line, source: this.#caller } : line);
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#takeAll().catch((error: Error) => this.#queue.fail(error));
  }

  async #takeAll(): Promise<void> {
    for (let line = this.#lines.shift(); line !== undefined && !this.#isOver; line = this.#lines.shift()) {
      const mark = line.command === 'echo' ? this.#snapshots.get(line.args[0]!.toString()) : undefined;
      if (mark === undefined) await this.#heard(line);
      else {
        this.#snapshots.delete(line.args[0]!.toString());
        await this.#reconcile(line.time, await mark);
      }
    }

    this.#isTaking = false;
  }

  async #heard(line: MonitorLine): Promise<void> {
    const isAll = line.command === 'flushall' || line.command === 'flushdb';
    for (const [key, model] of this.#models) {
      if (!isAll && !line.args.some((arg) => arg.toString() === key)) continue;
      const heard = model.heard(line, key, (held) => ownerOf(this.#room.packing.texts, held));
      await this.#tell(heard, line.source);
    }
  }

  async #reconcile(time: number, { owners }: Snapshot): Promise<void> {
    for (const [key, model] of this.#models) await this.#tell(model.compare(time, owners.get(key)));
    this.#compareLater(time);
  }

  async #tell(heard: readonly Heard[], address?: string): Promise<void> {
    for (const event of heard) {
      const isOfClient = event.type !== 'expired' && event.type !== 'held' && address !== undefined;
      this.#queue.push(isOfClient ? { ...event, client: await this.#client(address) } : event);
    }
  }

  async #client(address: string): Promise<LockClient> {
    await this.#callers.lookFor([address]);
    const name = this.#callers.nameOf(address);
    return { address, ...(name !== undefined && { name }) };
  }

  /** At the next end of a ttl, or after a while: of a wrong idea there may be many causes. */
  #compareLater(time: number): void {
    const ends = [...this.#models.values()].map((model) => model.endsAt - time + AFTER_END_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#compare().catch((error: Error) => this.#queue.fail(error));
      },
      Math.max(1, Math.min(COMPARE_MS, ...ends)),
    );
  }

  async #compare(): Promise<void> {
    if (this.#isOver) return;
    const mark = `cachectl:mark:${randomUUID()}`;
    const keys = [...this.#models.keys()];
    const asked = this.#node.batch([
      ...keys.flatMap(
        (key) =>
          [
            ['GET', key],
            ['PTTL', key],
          ] as const,
      ),
      ['ECHO', mark],
    ]);
    this.#snapshots.set(
      mark,
      asked.then((replies) => ({
        owners: new Map(
          keys.map((key, index) => {
            const held = bytes(replies[2 * index]!);
            const pttl = replies[2 * index + 1]!;
            if (held === null || isGone(pttl)) return [key, undefined];
            const left = count(pttl);
            return [key, { owner: ownerOf(this.#room.packing.texts, held), left: left < 0 ? Infinity : left }];
          }),
        ),
      })),
    );
    const replies = await asked;
    const refusal = replies.at(-1);
    if (refusal instanceof Error) throw refusal;
  }
}
