import type { Redis } from 'ioredis';

import { randomUUID } from 'node:crypto';

import type { LockClient, LockEvent } from '../../contract/locks.js';
import type { EventQueue } from '../../events/queue.js';
import type { Node, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { type CachectlError, RefusedError, TimeoutError, UnreachableError, WrongTypeError } from '../../../errors.js';
import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { bytes, count, given, isGone } from '../client/replies.js';
import { answerOf, isUnavailable, wrongType } from '../errors.js';
import { Callers } from '../events/callers.js';
import { watchRefusal } from '../events/watch-refusal.js';
import { ownerOf } from './lock.js';
import { type Heard, LockModel } from './model.js';
import { type MonitorLine, parsed } from './monitor.js';

/** How often what was heard is held against what the server has, in milliseconds; and how soon after a ttl's end. */
const COMPARE_MS = 1000;
const AFTER_END_MS = 5;

/**
 * One server. Lines of its MONITOR are taken in their order; in between stand marks of ours, at which it is known what the
 * server had: asked in one write with the mark, so that nothing came in between.
 */
export class WatchedServer {
  readonly #context: RedisContext;
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
  /** Of the last mark: runs until MONITOR printed it. */
  #overdue: NodeJS.Timeout | undefined;
  /** By the server's clock; undefined while it is being asked. */
  #comparedAt: number | undefined;
  /** Who sent the command whose script is running. */
  #caller = '';

  constructor(context: RedisContext, node: Node, queue: EventQueue<LockEvent>) {
    this.#context = context;
    this.#node = node;
    this.#queue = queue;
    this.#callers = new Callers(node);
  }

  /** Watches those of the locks that live here. */
  async begin(names: readonly string[]): Promise<void> {
    const { keys } = this.#context;
    for (const name of names) {
      const key = keys.full(name);
      const [here] = await this.#node.batch([['EXISTS', key]]);
      const way = sentOn(here!);
      if (this.#context.lockConnection.isCluster && way === 'MOVED') continue;
      if (way === 'ASK') throw onTheMove(name, this.#context.lockConnection.location);
      given(here!);
      this.#models.set(key, new LockModel(name));
    }

    if (this.#models.size === 0) return;
    this.#monitor = await this.#listen();
    await this.#compare();
  }

  /** Never throws. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#overdue);
    this.#monitor?.disconnect();
  }

  async #listen(): Promise<Redis> {
    const monitor = await this.#node.monitor().catch((error: unknown) => {
      throw isUnavailable(error) ? notWatched(answerOf(error), this.#context.lockConnection.location) : error;
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
          `${this.#context.lockConnection.location} closed the connection`,
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
    if (database !== this.#context.lockConnection.database) return false;
    return command === 'flushdb' || args.some((arg) => this.#models.has(keyFromBytes(arg)));
  }

  /** A script's commands come without the address of whoever ran it. */
  #remember({ isScripts, source }: MonitorLine): void {
    if (!isScripts) this.#caller = source;
  }

  #take(line: MonitorLine): void {
    this.#remember(line);
    if (line.command === 'echo') clearTimeout(this.#overdue);
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
      if (!isAll && !line.args.some((arg) => keyFromBytes(arg) === key)) continue;
      const heard = model.heard(line, key, (held) => ownerOf(this.#context.packing.texts, held));
      await this.#tell(heard, line.source);
    }

    // What is held now may end before the next look.
    this.#compareLater(line.time);
  }

  async #reconcile(time: number, snapshot: Snapshot): Promise<void> {
    for (const [key, model] of this.#models) await this.#tell(model.compare(time, snapshot.get(key)));
    this.#comparedAt = time;
    this.#compareLater(time);
  }

  async #tell(heard: readonly Heard[], address?: string): Promise<void> {
    for (const event of heard) {
      const isOfClient = event.type !== 'expired' && event.type !== 'held' && address !== undefined;
      this.#queue.push(isOfClient ? { ...event, client: await this.#client(address) } : event);
    }
  }

  async #client(address: string): Promise<LockClient> {
    // With all who follow: each look takes its time, and among clients that connect for one try nobody is known.
    if (!this.#callers.isKnown(address)) {
      await this.#callers.lookFor([address, ...this.#lines.map(({ source }) => source)]);
    }

    const name = this.#callers.nameOf(address);
    return { address, ...(name !== undefined && { name }) };
  }

  /** At the next end of a ttl, or after a while: of a wrong idea there may be many causes. */
  #compareLater(time: number): void {
    if (this.#comparedAt === undefined || this.#isOver) return;
    const ends = [...this.#models.values()].map((model) => model.endsAt + AFTER_END_MS);
    const at = Math.min(this.#comparedAt + COMPARE_MS, ...ends);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#compare().catch((error: Error) => this.#queue.fail(error));
      },
      Math.max(1, at - time),
    );
  }

  async #compare(): Promise<void> {
    if (this.#isOver) return;
    this.#comparedAt = undefined;
    const mark = `cachectl:mark:${randomUUID()}`;
    const asked = this.#node.batch([
      ...[...this.#models.keys()].flatMap((key) => [['GET', key] as const, ['PTTL', key] as const]),
      ['ECHO', mark],
    ]);
    const snapshot = asked.then((replies) => this.#snapshotOf(replies));
    // Told by whoever takes the mark; of a mark that is not printed, below.
    snapshot.catch(() => {});
    this.#snapshots.set(mark, snapshot);
    const { lockConnection } = this.#context;
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#queue.fail(silent(lockConnection.location)), 2 * lockConnection.timeoutMs);
    const refusal = (await asked).at(-1);
    if (refusal instanceof Error) throw refusal;
  }

  #snapshotOf(replies: ReadonlyArray<Error | Reply>): Snapshot {
    const { keys, packing, lockConnection } = this.#context;
    return new Map(
      [...this.#models.keys()].map((key, index) => {
        const [reply, pttl] = [replies[2 * index]!, replies[2 * index + 1]!];
        if (sentOn(reply) !== undefined) throw onTheMove(keys.short(keyToBytes(key)), lockConnection.location);
        if (reply instanceof WrongTypeError) throw wrongType(keys.short(keyToBytes(key)), 'value of another type');
        const held = bytes(reply);
        if (held === null || isGone(pttl)) return [key, undefined];
        const left = count(pttl);
        return [key, { owner: ownerOf(packing.texts, held), left: left < 0 ? Infinity : left }];
      }),
    );
  }
}

/** What a server has at one moment of its MONITOR, by full key: who holds each lock, and for how many milliseconds more. */
type Snapshot = ReadonlyMap<string, { readonly owner: string; readonly left: number } | undefined>;

/** On a cluster only one server has a key, the others say where it is; while a slot moves, two do: `ASK` for what is new. */
function sentOn(reply: Error | Reply): string | undefined {
  return /^(MOVED|ASK) /.exec(answerOf(reply))?.[1];
}

function notWatched(words: string, location: string): CachectlError {
  const { message, hint } = watchRefusal(words, location);
  const way = words.startsWith('NOPERM')
    ? 'Grant it MONITOR (ACL SETUSER … +monitor), or look at the lock without: lock:show NAME.'
    : hint.replace(/ To see .*$/, ' Look at the lock without it: lock:show NAME.');
  return new RefusedError(message, way);
}

function onTheMove(name: string, location: string): UnreachableError {
  return new UnreachableError(
    `"${printKey(name)}" is on the move to another server of the ${location}`,
    'What happens to it there is not heard here. Start it again when it has moved, or look at the lock without: lock:show NAME.',
  );
}

function silent(location: string): TimeoutError {
  return new TimeoutError(
    `${location} does not print what it is asked`,
    'What stands between may leave MONITOR out: ask the server itself, or look at the lock without: lock:show NAME.',
  );
}
