import { expect } from 'chai';
import { BSON } from 'mongodb';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';

import { RefusedError, UnreachableError } from '../../../src/errors.js';
import { until } from '../../../src/testing/suite/stores.js';
import { type AnyDocument, inSeconds, PREFIX, urlOf, withDatabase } from '../../support/mongodb/database.js';

const OP_MSG = 2013;

/** A forged answer to the first request that contains a word. */
interface Refusal {
  readonly to: 'getMore' | 'resumeAfter';
  readonly code: number;
}

/** CursorNotFound, after which a stream resumes. */
const STREAM_IS_LOST: Refusal = { to: 'getMore', code: 43 };

/** InterruptedAtShutdown. */
const SHUTS_DOWN: Refusal = { to: 'resumeAfter', code: 11_600 };

const HISTORY_IS_LOST: Refusal = { to: 'resumeAfter', code: 286 };
const CHANGE_IS_TOO_LARGE: Refusal = { to: 'resumeAfter', code: 10_334 };
const MAY_NOT: Refusal = { to: 'resumeAfter', code: 13 };

/** A proxy that can refuse clients, cut connections, and send its own answers. */
class FaultyProxy {
  readonly port: number;
  /** Given in this order. */
  refusals: Refusal[] = [];
  /** Refuses clients. */
  isClosed = false;
  turnedAway = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(target: number): Promise<FaultyProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => proxy.#accept(client, target)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new FaultyProxy(server, sockets);
    return proxy;
  }

  /** All open connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, target: number): void {
    if (this.isClosed) {
      this.turnedAway++;
      client.destroy();
      return;
    }

    const server = connect(target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }

    client.on('data', (request) => {
      const [next] = this.refusals;
      if (next === undefined || !request.includes(next.to)) server.write(request);
      else {
        this.refusals.shift();
        client.write(answer(request.readInt32LE(4), next.code));
      }
    });
    client.on('close', () => server.destroy());
    server.pipe(client);
  }
}

/** Length, request id, id of the request, opcode; flags; one document. */
function answer(answers: number, code: number): Buffer {
  const document = BSON.serialize({ ok: 0, code, codeName: 'AsInTheTest', errmsg: `refused with ${code}` });
  const reply = Buffer.alloc(21 + document.length);
  reply.writeInt32LE(reply.length, 0);
  reply.writeInt32LE(answers, 8);
  reply.writeInt32LE(OP_MSG, 12);
  reply.set(document, 21);
  return reply;
}

describe('events of MongoDB after a lost connection', () => {
  const database = withDatabase();
  let proxy: FaultyProxy;
  let controller: AbortController;
  let missed: string[];

  beforeEach(async () => {
    proxy = await FaultyProxy.start(database.server().port);
    controller = new AbortController();
    missed = [];
  });

  afterEach(async () => {
    controller.abort();
    await proxy.stop();
  });

  async function insert(key: string): Promise<void> {
    const document: AnyDocument = { _id: `${PREFIX}${key}`, value: 'N;', expires_at: inSeconds(60) };
    await database.entries().insertOne(document);
  }

  /** Each of the two streams has received a change, so it has a position to resume from. */
  async function tail(options: Partial<EventsOptions> = {}) {
    const url = urlOf(`mongodb://127.0.0.1:${proxy.port}`, 'directConnection=true');
    const stream = await database.open({ url }).events({ signal: controller.signal, enable: false, ...options });
    const gathered = gather(stream);
    await insert('begin');
    await database.locks().insertOne({ _id: `${PREFIX}begin`, owner: 'ann', expires_at: inSeconds(60) });
    await until(() => gathered.events.length === 2);
    return gathered;
  }

  const onMissed = ({ text }: { readonly text: string }): unknown => missed.push(text);

  it('resume where they were, without a gap', async () => {
    const { events } = await tail({ onMissed });
    proxy.isClosed = true;
    proxy.cut();
    await until(() => proxy.turnedAway > 0);
    await insert('a');
    await insert('b');
    proxy.isClosed = false;
    await until(() => events.some(({ key }) => key === 'b'));
    await insert('c');
    await until(() => events.some(({ key }) => key === 'c'));
    expect(keysOf(events)).to.deep.equal(['a', 'b', 'c']);
    expect(missed).to.deep.equal([]);
  });

  it('resume where they were after several attempts too', async () => {
    const { events } = await tail({ onMissed });
    proxy.refusals = [STREAM_IS_LOST, SHUTS_DOWN, SHUTS_DOWN, SHUTS_DOWN];
    await until(() => proxy.refusals.length === 0);
    await insert('a');
    await until(() => events.some(({ key }) => key === 'a'));
    expect(keysOf(events)).to.deep.equal(['a']);
    expect(missed).to.deep.equal([]);
  });

  for (const [why, refusal] of Object.entries({
    'the history is lost': HISTORY_IS_LOST,
    'a change is too large': CHANGE_IS_TOO_LARGE,
  })) {
    it(`restart if the server cannot resume (${why}), and report the gap`, async () => {
      const { events } = await tail({ onMissed });
      // One of the two streams gets this answer.
      proxy.refusals = [STREAM_IS_LOST, refusal];
      await until(() => missed.length === 1);
      await insert('a');
      await until(() => events.some(({ key }) => key === 'a'));
      expect(missed).to.have.lengthOf(1);
      expect(missed[0]).to.match(/; changes of cache\w* from \S+Z to \S+Z may have been missed$/);
      const [from, to] = [...missed[0]!.matchAll(/\d{4}-\S+Z/g)].map(([time]) => Date.parse(time));
      expect(from).to.be.at.most(to!);
    });
  }

  it('end with a refusal that waiting cannot fix', async () => {
    const { over } = await tail({ onMissed });
    proxy.refusals = [STREAM_IS_LOST, MAY_NOT];
    expect(await over).to.be.instanceOf(RefusedError);
    expect(missed).to.deep.equal([]);
  });

  it('end with an error if they cannot resume at once, without a callback for gaps', async () => {
    const { over } = await tail();
    proxy.refusals = [STREAM_IS_LOST, HISTORY_IS_LOST];
    const error = await over;
    expect(error).to.be.instanceOf(UnreachableError);
    expect((error as UnreachableError).hint).to.include('missed');
  });

  it('end on the signal while nothing answers', async () => {
    const { over } = await tail({ onMissed });
    proxy.isClosed = true;
    proxy.cut();
    await until(() => proxy.turnedAway > 0);
    controller.abort();
    expect(await over).to.be.undefined;
  });
});

function keysOf(events: readonly CacheEvent[]): Array<string | undefined> {
  return events.map(({ key }) => key).filter((key) => key !== 'begin');
}

/** Reads a stream to its end in the background. `over` resolves with the error that ended it. */
function gather(stream: EventStream): { readonly events: CacheEvent[]; readonly over: Promise<unknown> } {
  const events: CacheEvent[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const event of stream) events.push(event);
      return undefined;
    } catch (error) {
      return error;
    }
  };

  return { events, over: read() };
}
