import { expect } from 'chai';

import type { MonitorMessage } from '../../../../src/stores/redis/events/monitor-connection.js';

import { LargeReplyError } from '../../../../src/stores/network/reply-limit.js';
import { MonitorDecoder } from '../../../../src/stores/redis/events/monitor-decoder.js';
import { escaped, mayNameNoKey, PrintedCommand } from '../../../../src/stores/redis/events/printed-command.js';
import { ProtocolError, type Pushed, PushParser } from '../../../../src/stores/redis/events/push-parser.js';
import { Keys } from '../../../../src/stores/redis/keys.js';
import { setValueLimit, valueLimit } from '../../../../src/value-limit.js';

const TEXTS = { areBare: true, pack: (text: string) => Buffer.from(text), unpack: (bytes: Buffer) => bytes };

/** The events that lines are decoded into. `!name key` is a notification. */
function decoded(
  printsAfterNotices: boolean,
  lines: readonly string[],
  learn: (address: string, name: string) => void = () => {},
): string[] {
  const decoder = new MonitorDecoder(
    {
      keys: new Keys({ connectionPrefix: '', prefix: 'app-' }),
      texts: TEXTS,
      database: 0,
      rule: { isPlaceOfLocks: false, ownersStandOut: true, goesByNames: false },
      announcesMisses: true,
      printsAfterNotices,
    },
    {},
    { callers: { learn }, tags: { noteTagSet() {} } },
  );
  const messages = lines.map((line): MonitorMessage => {
    const [, name, key] = /^!(\S+) (.*)$/.exec(line) ?? [];
    if (name === undefined) return new PrintedCommand(`1700000000.000001 [0 10.0.0.1:1] ${line}`);
    return { name, key: key! };
  });
  const silence: MonitorMessage[] = [];
  const events = [messages, silence].flatMap((batch) => decoder.decodeBatch(batch));
  return events.map(({ type, key, client }) => `${type} ${key}${client === undefined ? '' : ' by 10.0.0.1:1'}`);
}

/** What Redis 7 (`behind`) and earlier servers (`before`) send for the same commands. */
const SENT = {
  'a hit, and a miss': {
    behind: ['"get" "app-a"', '!keymiss app-b', '"get" "app-b"'],
    before: ['"get" "app-a"', '"get" "app-b"', '!keymiss app-b'],
    events: ['CacheHit a by 10.0.0.1:1', 'CacheMissed b by 10.0.0.1:1'],
  },
  'a lock that is taken, and refused': {
    behind: [
      '!set app-laravel_unique_job:x',
      '"set" "app-laravel_unique_job:x" "me" "NX"',
      '"set" "app-laravel_unique_job:x" "you" "NX"',
    ],
    before: [
      '"set" "app-laravel_unique_job:x" "me" "NX"',
      '!set app-laravel_unique_job:x',
      '"set" "app-laravel_unique_job:x" "you" "NX"',
    ],
    events: ['LockAcquired laravel_unique_job:x by 10.0.0.1:1', 'LockContended laravel_unique_job:x by 10.0.0.1:1'],
  },
  'what nobody printed': {
    behind: ['!del app-a', '"ping"', '!expired app-b'],
    before: ['"ping"', '!expired app-b', '!del app-a'],
    events: {
      behind: ['KeyForgotten a', 'KeyExpired b'],
      before: ['KeyExpired b', 'KeyForgotten a'],
    },
  },
} as const;

/** Its channel and payload follow. */
const MESSAGE = '>3\r\n$7\r\nmessage\r\n';

function brief(pushed: Pushed): string {
  if (typeof pushed === 'string') return `monitored ${pushed}`;
  return 'words' in pushed ? `refused ${pushed.words}` : `notified ${pushed.channel} ${pushed.payload}`;
}

describe('MONITOR lines with notifications', () => {
  for (const [what, { behind, before, events }] of Object.entries(SENT)) {
    it(`report ${what}: from Redis 7 on, a command follows its notifications`, () => {
      expect(decoded(true, behind)).to.deep.equal('behind' in events ? events.behind : events);
    });

    it(`report ${what}: before Redis 7, a command precedes its notifications`, () => {
      expect(decoded(false, before)).to.deep.equal('before' in events ? events.before : events);
    });
  }

  it('teach the names of clients, unless the server refuses them', () => {
    const learned: string[] = [];
    const lines = [
      '"client" "setname" "web"',
      '"client" "setname" "two words"',
      String.raw`"client" "setname" "\x1b]0;title\a"`,
      '"client" "list" "id" "setname" "x"',
      '"hello" "3" "setname" "worker"',
      '"hello" "9" "setname" "x"',
      '"hello" "3" "setname"',
      '"client" "setname" ""',
    ];
    decoded(true, lines, (address, name) => learned.push(`${address} ${name}`));
    expect(learned).to.deep.equal(['10.0.0.1:1 web', '10.0.0.1:1 worker', '10.0.0.1:1 ']);
  });

  it('are parsed for any chunks', () => {
    const stream = Buffer.from(
      '%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n>3\r\n$9\r\nsubscribe\r\n$3\r\nxyz\r\n:1\r\n+OK\r\n' +
        '>3\r\n$7\r\nmessage\r\n$5\r\nchann\r\n$4\r\na\r\nb\r\n+1.0 [0 lua] "get" "k"\r\n-NOPERM no\r\n',
    );
    const expected = ['monitored OK', 'notified chann a\r\nb', 'monitored 1.0 [0 lua] "get" "k"', 'refused NOPERM no'];
    for (let cut = 1; cut < stream.length; cut++) {
      const parser = new PushParser();
      const parsed = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((chunk) => parser.parse(chunk));
      expect(
        parsed.map((each) => brief(each)),
        String(cut),
      ).to.deep.equal(expected);
    }
  });

  it('are refused where a length is none, or is above the limit', () => {
    for (const length of ['-5', 'x', '1e3']) {
      expect(() => new PushParser().parse(Buffer.from(`${MESSAGE}$${length}\r\n`)), length).to.throw(ProtocolError);
    }

    expect(() => new PushParser().parse(Buffer.from(`${MESSAGE}$2147483647\r\n`))).to.throw(LargeReplyError);
    expect(() => new PushParser().parse(Buffer.from('>100000\r\n:1\r\n'))).to.throw(ProtocolError);
  });

  it('are refused where a line has no end', () => {
    const before = valueLimit();
    setValueLimit(1024);
    try {
      const parser = new PushParser();
      expect(() => {
        for (let times = 0; times < 1000; times++) parser.parse(Buffer.alloc(100, 'x'));
      }).to.throw(LargeReplyError);
    } finally {
      setValueLimit(before);
    }
  });

  it('can contain words that look like the end of a word', () => {
    for (const word of ['" ', ' "', '" "', String.raw`\" `, '\\\\', '\\', ' ', ' " " "', '']) {
      const command = new PrintedCommand(`1.0 [0 [::1]:1] "set" "${escaped(word)}" "${escaped(word)}" "EX" "100"`);
      expect(command.first, word).to.equal(word);
      expect(command.args, word).to.deep.equal([word, word, 'EX', '100']);
      expect(command.first, word).to.equal(word);
    }
  });

  it('name no key of the prefix by accident, whatever the address', () => {
    for (const source of ['127.0.0.1:1', '[::1]:1', '[fe80::1%eth0]:65000', 'unix:/run/redis [1].sock']) {
      for (const name of ['FLUSHDB', 'flushall', 'eval_ro', 'EVALSHA', 'fcall', 'client', 'hello']) {
        expect(mayNameNoKey(`1700000000.5 [3 ${source}] "${name}" "x"`), `${source} ${name}`).to.equal(true);
      }

      expect(mayNameNoKey(`1700000000.5 [3 ${source}] "get" "flushdb"`)).to.equal(false);
      expect(mayNameNoKey(`1700000000.5 [3 ${source}] "set" "] \\"eval\\""`)).to.equal(false);
    }
  });

  it('can contain any bytes', () => {
    const word = Buffer.from([0, 7, 10, 34, 92, 120, 128, 255]).toString('latin1');
    expect(escaped(word)).to.equal(String.raw`\x00\a\n\"\\x\x80\xff`);
    const command = new PrintedCommand(`1700000000.5 [3 unix:/tmp/x] "SeT" "${escaped(word)}" "" "NX"`);
    expect(command).to.include({
      command: 'set',
      database: 3,
      source: 'unix:/tmp/x',
      isFromScript: false,
      first: word,
    });
    expect(command.args).to.deep.equal([word, '', 'NX']);
    expect(command.time.getTime()).to.equal(1_700_000_000_500);
    expect(new PrintedCommand('OK').isCommand).to.equal(false);
    expect(new PrintedCommand('1.0 [0 lua] "flushdb"')).to.include({
      isFromScript: true,
      first: '',
      command: 'flushdb',
    });
  });
});
