import { expect } from 'chai';

import type { Answer } from '../../../src/stores/memcached/protocol/text-parser.js';
import type { MonitorMessage } from '../../../src/stores/redis/events/monitor-connection.js';
import type { Parser } from '../parser.js';

import { CachectlError } from '../../../src/errors.js';
import { eventJson, eventLine } from '../../../src/features/events/text.js';
import { type CacheEvent } from '../../../src/stores/contract/events.js';
import { WatchDecoder } from '../../../src/stores/memcached/events/watch-decoder.js';
import { Keys as MemcachedKeys } from '../../../src/stores/memcached/keys.js';
import { DumpLines } from '../../../src/stores/memcached/listing/dump-lines.js';
import { LineCutter } from '../../../src/stores/memcached/listing/line-cutter.js';
import { FrameParser } from '../../../src/stores/memcached/protocol/frames.js';
import { GarbageError } from '../../../src/stores/memcached/protocol/garbage-error.js';
import { AnswerParser } from '../../../src/stores/memcached/protocol/text-parser.js';
import { LargeReplyError } from '../../../src/stores/network/reply-limit.js';
import { MonitorDecoder } from '../../../src/stores/redis/events/monitor-decoder.js';
import { mayNameNoKey, PrintedCommand } from '../../../src/stores/redis/events/printed-command.js';
import { ProtocolError, type Pushed, PushParser } from '../../../src/stores/redis/events/push-parser.js';
import { Keys as RedisKeys } from '../../../src/stores/redis/keys.js';
import { parseInfo, serverFacts } from '../../../src/stores/redis/stats/server-info.js';

/** What a server sends that cachectl parses itself. */
export const serverParsers: readonly Parser[] = [
  {
    name: 'redis-pushes',
    seeds: bytesOf(
      '+OK\r\n+1700000000.123456 [0 127.0.0.1:1] "get" "app-k"\r\n',
      '>3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:keymiss\r\n$5\r\napp-k\r\n',
      '%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n-NOPERM no\r\n',
    ),
    tokens: ['$7\r\n', '$-1\r\n', '$-5\r\n', '$2147483647\r\n', '>3\r\n', '+', '-', '*-1\r\n', 'message\r\n', '_\r\n'],
    parse(bytes) {
      expect(pushes(bytes, bytes.length)).to.deep.equal(pushes(bytes, 7));
    },
    isRefusal,
  },
  {
    name: 'redis-monitor',
    seeds: bytesOf(
      '1700000000.123456 [0 127.0.0.1:1] "get" "app-k"',
      '!keymiss app-k',
      String.raw`1700000000.1 [0 [::1]:1] "SET" "app-k" "s:1:\"a\";" "EX" "60" "NX"`,
      '1700000000.1 [0 lua] "evalsha" "abc" "1" "app-lock" "owner" "10"',
      '1700000000.1 [15 unix:/run/redis.sock] "client" "setname" "web"',
      '1700000000.1 [0 10.0.0.1:1] "mget" "app-a" "app-\\xc5\\xbe"\n!del app-a\n!expired app-b',
      '1700000000.1 [0 10.0.0.1:1] "zadd" "app-tag:x:entries" "1" "app-a"',
      '1700000000.1 [0 10.0.0.1:1] "psetex" "app-a" "1000" "1"\n1700000000.1 [0 1.1.1.1:1] "flushdb"',
    ),
    tokens: [
      '" "',
      String.raw`\"`,
      '\\\\',
      String.raw`\x`,
      '] "',
      '[0 ',
      '"set"',
      '"NX"',
      '"GET"',
      '"EX"',
      '"eval"',
      '\n!set ',
      '\n',
    ],
    parse: monitored,
  },
  {
    name: 'redis-info',
    seeds: bytesOf(
      '# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:12\r\nrole:master\r\nmaxmemory:0\r\n' +
        'used_memory:1048576\r\ndb0:keys=5,expires=1,avg_ttl=0\r\nmaxmemory_policy:noeviction\r\n',
    ),
    tokens: ['redis_version:', 'db0:keys=', 'role:', '__proto__:', 'constructor', '\r\n', 'NaN', '1e999'],
    parse(bytes) {
      const facts = serverFacts(parseInfo(bytes.toString()), 0);
      expect(() => JSON.stringify(facts)).not.to.throw();
    },
  },
  {
    name: 'memcached-answers',
    seeds: bytesOf(
      'EN\r\nVA 5 f16 t-1 c7\r\nhello\r\nHD\r\nNF\r\nMN\r\n',
      'VALUE k 0 5 17\r\nhello\r\nEND\r\nSTAT pid 1\r\nEND\r\n',
      'SERVER_ERROR out of memory\r\nCLIENT_ERROR bad\r\nVERSION 1.6.18\r\nSTORED\r\n',
    ),
    tokens: ['VA ', 'VALUE ', ' 4294967295 ', '\r\n', 'END\r\n', 'STAT ', 'VA 99999999999\r\n'],
    parse(bytes) {
      expect(answers(bytes, bytes.length)).to.deep.equal(answers(bytes, 5));
    },
    isRefusal,
  },
  {
    name: 'memcached-binary',
    seeds: [
      '810000000000000000000000000000070000000000000001',
      '8100000004000000000000090000000000000000000000010000000068656c6c6f',
    ].map((hex) => Buffer.from(hex, 'hex')),
    tokens: ['\u0081', '\u0080', '\0\0\0\0'],
    parse(bytes) {
      expect(frames(bytes, bytes.length)).to.deep.equal(frames(bytes, 5));
    },
    isRefusal,
  },
  {
    name: 'memcached-metadump',
    seeds: bytesOf(
      'key=app-%C5%BEk exp=1795437440 la=1795437400 cas=18446744073709551615 fetch=yes cls=1 size=71\n' +
        'key=forever exp=-1 la=1795437409 cas=2 fetch=no cls=1 size=1048576 flags=16 ext_page=0\nEND\r\n',
    ),
    tokens: ['key=', ' exp=', ' la=', ' cas=', ' size=', '%zz', '%', 'END\r\n', 'BUSY\r\n'],
    parse(bytes) {
      expect(dumped(bytes, bytes.length)).to.deep.equal(dumped(bytes, 9));
    },
    isRefusal,
  },
  {
    name: 'memcached-watch',
    seeds: bytesOf(
      'ts=1795437380.40784 gid=2 type=item_get key=p%3Ak status=not_found clsid=0 cfd=26 size=0\n' +
        'ts=1795437380.40790 gid=3 type=item_store key=p%3Ak status=stored cmd=set ttl=60 clsid=1 cfd=26 size=3',
      'ts=1.1 gid=5 type=conn_new rip=::1 rport=1002 transport=tcp6 cfd=26\n' +
        'ts=1.1 gid=6 type=deleted key=p%3Ak cmd=delete clsid=1 size=3\nts=1.1 gid=7 type=eviction key=p%3Ak size=3',
    ),
    tokens: ['ts=', ' gid=', ' type=', ' key=', ' cfd=26', ' ttl=', '\n', 'gid=NaN', 'item_get', '1e999', '='],
    parse: watchedLines,
  },
];

function bytesOf(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

/** Errors that end a connection, and are translated where it is opened. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof GarbageError ||
    error instanceof ProtocolError ||
    error instanceof LargeReplyError ||
    error instanceof CachectlError
  );
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function pushes(bytes: Buffer, size: number): Pushed[] {
  const parser = new PushParser();
  return [...chunksOf(bytes, size)].flatMap((chunk) => parser.parse(chunk));
}

function answers(bytes: Buffer, size: number): Answer[] {
  const parser = new AnswerParser();
  return [...chunksOf(bytes, size)].flatMap((chunk) => [...parser.push(chunk)]);
}

function frames(bytes: Buffer, size: number): unknown[] {
  const parser = new FrameParser();
  return [...chunksOf(bytes, size)].flatMap((chunk) => [...parser.push(chunk)]);
}

function dumped(bytes: Buffer, size: number): unknown[] {
  const cutter = new LineCutter();
  const items: unknown[] = [];
  for (const chunk of chunksOf(bytes, size)) {
    cutter.push(chunk, (line, start, end) => {
      const lines = new DumpLines(Buffer.from(line.subarray(start, end)), 'memcached');
      while (lines.next()) items.push(lines.dumped(1_795_437_405));
    });
  }

  return items;
}

const TEXTS = { areBare: true, pack: (text: string) => Buffer.from(text), unpack: (bytes: Buffer) => bytes };

/** Words in quotes. */
const WELL_FORMED = /^\S+ \[\d+ [^\]"]*\](?: "(?:[^"\\]|\\[^x]|\\x[\da-f]{2})*")+$/;

/** Lines as MONITOR prints them; `!name key` is a notification. */
function monitored(bytes: Buffer): void {
  for (const printsAfterNotices of [true, false]) {
    const decoder = new MonitorDecoder(
      {
        keys: new RedisKeys({ connectionPrefix: '', prefix: 'app-' }),
        texts: TEXTS,
        database: 0,
        rule: { isPlaceOfLocks: false, ownersStandOut: true, goesByNames: false },
        announcesMisses: true,
        printsAfterNotices,
      },
      { everything: true },
      { callers: { learn() {} }, tags: { noteTagSet() {} } },
    );
    const messages: MonitorMessage[] = [];
    for (const line of bytes.toString('latin1').split('\n')) {
      const [, name, key] = /^!(\S+) (.*)$/.exec(line) ?? [];
      mayNameNoKey(line);
      const command = new PrintedCommand(line);
      if (name !== undefined) messages.push({ name, key: key! });
      else if (command.isCommand) {
        if (WELL_FORMED.test(line)) expect(new PrintedCommand(line).args[0] ?? '').to.equal(command.first);
        messages.push(command);
      }
    }

    printed([...decoder.decodeBatch(messages), ...decoder.decodeBatch([])]);
  }
}

function watchedLines(bytes: Buffer): void {
  const events: CacheEvent[] = [];
  const addresses = new Map<string, string | undefined>();
  const decoder = new WatchDecoder({
    keys: new MemcachedKeys({ prefix: 'p:', codec: 'php' }),
    options: { everything: true },
    clients: {
      addressOf: (connection) => addresses.get(connection),
      set: (connection, address) => addresses.set(connection, address),
    },
    isOwn: () => false,
    emit: (event) => events.push(event),
  });
  for (const line of bytes.toString('latin1').split('\n')) decoder.decode(line);
  decoder.end();
  printed(events);
}

function printed(events: readonly CacheEvent[]): void {
  for (const event of events) {
    expect(eventLine(event).indexOf('\n')).to.equal(eventLine(event).length - 1);
    expect(JSON.parse(eventJson(event, 'fuzz'))).to.have.property('type', event.type);
  }
}
