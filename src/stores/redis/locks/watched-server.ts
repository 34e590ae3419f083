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

/** How often the models are compared with the server, in milliseconds; and how soon after a TTL ended. */
const COMPARE_MS = 1000;
const AFTER_END_MS = 5;

/** Locks of one server, as its MONITOR tells of them. */
export class WatchedServer {
  /** When the models last agreed with the server. */
  heardAt = new Date();
  readonly #context: RedisContext;
  readonly #node: Node;
  readonly #monitor: MonitorConnection;
  readonly #callers: Callers;
  /** By full key, as bytes (`latin1`). */
  readonly #models: ReadonlyMap<string, LockModel>;
  readonly #signal: AbortSignal;
  /** What the server had when it printed the mark that is asked for. */
  #snapshot: Promise<Snapshot> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** By the server's clock; undefined while a comparison is under way. */
  #comparedAt: number | undefined;
  /** The client that runs the script whose commands follow. */
  #caller = '';

  /**
   * @returns undefined if none of the locks lives there
   * @throws RefusedError where MONITOR is not allowed, UnreachableError while a lock moves to another server
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

  /** Until the signal aborts. @throws when the connection is lost, and when a key turns out not to hold a lock */
  async *events(): AsyncGenerator<LockEvent> {
    for await (const messages of this.#monitor.messages()) {
      for (const message of messages) {
        if (message instanceof PrintedCommand) yield* this.#ofCommand(message, messages);
        else if (typeof message === 'object' && 'markedAt' in message) yield* this.#ofSnapshot(message.markedAt);
      }
    }
  }

  /**
   * Ask what the server has, in one write with a mark: when the mark is printed, the models must agree with the answer.
   * `events` must be read meanwhile, and ends with what goes wrong.
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

    // What is held now may expire before the next comparison.
    this.#compareLater(command.timeMs);
  }

  async *#ofSnapshot(time: number): AsyncGenerator<LockEvent> {
    const snapshot = await this.#snapshot!;
    for (const [key, model] of this.#models) yield* model.compare(time, snapshot.get(key));
    this.#comparedAt = time;
    this.heardAt = new Date();
    this.#compareLater(time);
  }

  /** @param batch whose clients are looked up as well: each look-up takes a while, and clients may connect for one try each */
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

  /** When the next TTL ends, or after a while: a model can be wrong for many reasons. */
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
        if (redirectionOf(reply) !== undefined) throw onTheMove(name, lockConnection.location);
        if (reply instanceof WrongTypeError) throw wrongType(name, 'value of another type');
        const held = bytes(reply);
        if (held === null || isGone(pttl)) return [key, undefined];
        const left = count(pttl);
        return [key, { owner: ownerOf(packing.texts, held), left: left < 0 ? Infinity : left }];
      }),
    );
  }
}

/** Who holds each lock, by full key, and for how many milliseconds more. */
type Snapshot = ReadonlyMap<string, { readonly owner: string; readonly left: number } | undefined>;

/** Of those locks that live on the server, by full key as bytes (`latin1`). */
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
    if (redirection === 'ASK') throw onTheMove(name, lockConnection.location);
    given(exists!);
    models.set(key.toString('latin1'), model);
  }

  return models;
}

/** In a cluster one server has a key, and others answer MOVED; while its slot moves, two have it, and one answers ASK. */
function redirectionOf(reply: Error | Reply): string | undefined {
  return /^(MOVED|ASK) /.exec(answerOf(reply))?.[1];
}

function notWatched(error: CachectlError): CachectlError {
  const look = 'or look at the lock without it: lock:show NAME.';
  const way = answerOf(error).startsWith('NOPERM')
    ? `Grant it MONITOR (ACL SETUSER … +monitor), ${look}`
    : error.hint.replace(/ To see .*$/, ' Look at the lock without it: lock:show NAME.');
  return new RefusedError(error.message, way);
}

function onTheMove(name: string, location: string): UnreachableError {
  return new UnreachableError(
    `"${printKey(name)}" is on the move to another server of the ${location}`,
    'Start it again when the slot has moved, or look at the lock without MONITOR: lock:show NAME.',
  );
}
