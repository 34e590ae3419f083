import type { LockClient, LockEvent } from '../../contract/locks.js';
import type { Node, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';
import type { LockModel } from './model.js';

import { type CachectlError, RefusedError, UnreachableError, WrongTypeError } from '../../../errors.js';
import { keyToBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { bytes, count, given, isGone } from '../client/replies.js';
import { answerOf, isUnavailable, wrongType } from '../errors.js';
import { Callers } from '../events/callers.js';
import { MonitorConnection, type MonitorMessage } from '../events/monitor-connection.js';
import { PrintedCommand } from '../events/printed-command.js';
import { ownerOf } from './lock.js';

/** How often to compare the models with the server, and how soon after the end of a TTL, in milliseconds. */
const COMPARE_MS = 1000;
const AFTER_END_MS = 5;

/** Watches the locks of one server through MONITOR. */
export class WatchedServer {
  /** When the models last agreed with the server. */
  heardAt = new Date();
  readonly #context: RedisContext;
  readonly #node: Node;
  readonly #monitor: MonitorConnection;
  readonly #callers: Callers;
  /** By stored key, as bytes (`latin1`). */
  readonly #models: ReadonlyMap<string, LockModel>;
  readonly #signal: AbortSignal;
  /** The state of the server when it printed the pending mark. */
  #snapshot: Promise<Snapshot> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** By the server's clock; undefined during a comparison. */
  #comparedAt: number | undefined;
  /** The client whose script runs the following commands. */
  #caller = '';

  /**
   * @returns undefined if the server holds none of the locks
   * @throws RefusedError if MONITOR is not allowed
   * @throws UnreachableError while a lock moves to another server
   */
  static async open(
    context: RedisContext,
    node: Node,
    all: ReadonlyMap<string, LockModel>,
    signal: AbortSignal,
  ): Promise<undefined | WatchedServer> {
    const models = await modelsOf(context, node, all);
    if (models.size === 0) return undefined;
    const mentioning = [...models.keys()];
    const monitor = await MonitorConnection.open(context.lockConnection, node, { signal, mentioning }).catch(
      (error: unknown) => {
        throw isUnavailable(error) ? notWatched(error as CachectlError) : error;
      },
    );
    return new WatchedServer(context, node, monitor, { models, signal });
  }

  private constructor(
    context: RedisContext,
    node: Node,
    monitor: MonitorConnection,
    { models, signal }: { readonly models: ReadonlyMap<string, LockModel>; readonly signal: AbortSignal },
  ) {
    this.#context = context;
    this.#node = node;
    this.#monitor = monitor;
    this.#callers = new Callers(node);
    this.#models = models;
    this.#signal = signal;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** Yield events until the signal aborts. @throws if the connection is lost, or a key does not hold a lock */
  async *events(): AsyncGenerator<LockEvent> {
    for await (const messages of this.#monitor.messages()) {
      for (const message of messages) {
        if (message instanceof PrintedCommand) yield* this.#ofCommand(message, messages);
        else if (typeof message === 'object' && 'markedAt' in message) yield* this.#ofSnapshot(message.markedAt);
      }
    }
  }

  /**
   * Read the state of the locks in one write with a mark. When the mark is printed, the models must match that state.
   * `events` must be consumed at the same time; it throws if this fails.
   */
  async compare(): Promise<void> {
    this.#comparedAt = undefined;
    const commands = [...this.#models.keys()].flatMap((latin1) => {
      const key = Buffer.from(latin1, 'latin1');
      return [['GET', key] as const, ['PTTL', key] as const];
    });
    try {
      await this.#monitor.mark(async (mark) => {
        const asked = this.#node.batch([...commands, ['ECHO', mark]]);
        this.#snapshot = asked.then((replies) => this.#snapshotOf(replies));
        // Awaited when the mark is printed.
        this.#snapshot.catch(() => {});
        given((await asked).at(-1)!);
      });
    } catch (error) {
      this.#monitor.close(error as Error);
    }
  }

  async *#ofCommand(command: PrintedCommand, batch: readonly MonitorMessage[]): AsyncGenerator<LockEvent> {
    if (!command.isFromScript) this.#caller = command.source;
    const name = command.command;
    if (command.database !== this.#context.lockConnection.database && name !== 'flushall') return;
    const isOfAll = name === 'flushall' || name === 'flushdb';
    const affected = [...this.#models].filter(([key]) => isOfAll || command.args.includes(key));
    if (affected.length === 0) return;
    const address = this.#caller;
    for (const [key, model] of affected) {
      for (const event of model.apply(command, key, (held) => ownerOf(this.#context.packing.texts, held))) {
        yield event.type === 'expired' ? event : { ...event, client: await this.#client(address, batch) };
      }
    }

    // The TTL may end before the next comparison.
    this.#compareLater(command.timeMs);
  }

  async *#ofSnapshot(time: number): AsyncGenerator<LockEvent> {
    const snapshot = await this.#snapshot!;
    for (const [key, model] of this.#models) yield* model.compare(time, snapshot.get(key));
    this.#comparedAt = time;
    this.heardAt = new Date();
    this.#compareLater(time);
  }

  /**
   * @param batch its clients are looked up, too: each lookup takes a while, and a client may connect for a single
   * attempt
   */
  async #client(address: string, batch: readonly MonitorMessage[]): Promise<LockClient> {
    if (!this.#callers.isKnown(address)) {
      const others = batch.flatMap((each) =>
        each instanceof PrintedCommand && !each.isFromScript ? [each.source] : [],
      );
      await this.#callers.lookFor([address, ...others]);
    }

    const name = this.#callers.nameOf(address);
    return { address, ...(name !== undefined && { name }) };
  }

  /** Compare at the end of the next TTL, and at regular intervals, because a model can be wrong for many reasons. */
  #compareLater(time: number): void {
    if (this.#comparedAt === undefined || this.#signal.aborted) return;
    const ends = [...this.#models.values()].map((model) => model.endsAt + AFTER_END_MS);
    const at = Math.min(this.#comparedAt + COMPARE_MS, ...ends);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => this.compare(), Math.max(1, at - time));
  }

  #snapshotOf(replies: ReadonlyArray<Error | Reply>): Snapshot {
    const { keys, packing, lockConnection } = this.#context;
    return new Map(
      [...this.#models.keys()].map((key, index) => {
        const [reply, pttl] = [replies[2 * index]!, replies[2 * index + 1]!];
        const name = keys.short(Buffer.from(key, 'latin1'));
        if (redirectionOf(reply) !== undefined) throw isMoving(name, lockConnection.location);
        if (reply instanceof WrongTypeError) throw wrongType(name, 'value of another type');
        const held = bytes(reply);
        if (held === null || isGone(pttl)) return [key, undefined];
        const left = count(pttl);
        return [key, { owner: ownerOf(packing.texts, held), left: left < 0 ? Infinity : left }];
      }),
    );
  }
}

/** The holder of each lock by stored key, and its remaining milliseconds. */
type Snapshot = ReadonlyMap<string, { readonly owner: string; readonly left: number } | undefined>;

/** The models of the locks on this server, by stored key as bytes (`latin1`). */
async function modelsOf(
  { keys, lockConnection }: RedisContext,
  node: Node,
  all: ReadonlyMap<string, LockModel>,
): Promise<ReadonlyMap<string, LockModel>> {
  const models = new Map<string, LockModel>();
  for (const [name, model] of all) {
    const key = keyToBytes(keys.full(name));
    const [exists] = await node.batch([['EXISTS', key]]);
    const redirection = redirectionOf(exists!);
    if (lockConnection.isCluster && redirection === 'MOVED') continue;
    if (redirection === 'ASK') throw isMoving(name, lockConnection.location);
    given(exists!);
    models.set(key.toString('latin1'), model);
  }

  return models;
}

/** In a cluster one server has a key and the others reply MOVED. While its slot migrates, one of two replies ASK. */
function redirectionOf(reply: Error | Reply): string | undefined {
  return /^(MOVED|ASK) /.exec(answerOf(reply))?.[1];
}

function notWatched(error: CachectlError): CachectlError {
  const alternative = 'or look at the lock without it: lock:show NAME.';
  const hint = answerOf(error).startsWith('NOPERM')
    ? `Grant MONITOR (ACL SETUSER … +monitor), ${alternative}`
    : error.hint.replace(/ To see .*$/, ' Look at the lock without it: lock:show NAME.');
  return new RefusedError(error.message, hint);
}

function isMoving(name: string, location: string): UnreachableError {
  return new UnreachableError(
    `"${printKey(name)}" is moving to another server of the ${location}`,
    'Start the command again once the slot has moved, or look at the lock without MONITOR: lock:show NAME.',
  );
}
