import { expect } from 'chai';

import { escaped, PrintedCommand } from '../../../src/stores/redis/events/printed-command.js';
import { LockModel, type ModelEvent } from '../../../src/stores/redis/locks/model.js';

/** A Unix time in seconds, as MONITOR prints it. */
const START = 1_700_000_000;

const FREE = undefined;

function printed(time: string, words: readonly string[], source = '127.0.0.1:1', database = '0'): PrintedCommand {
  return new PrintedCommand(`${time} [${database} ${source}] ${words.map((word) => `"${escaped(word)}"`).join(' ')}`);
}

/** The events that a model reports for commands, each with its seconds after the start. */
function told(...commands: ReadonlyArray<readonly [seconds: number, ...words: string[]]>): string[] {
  const model = new LockModel('deploy');
  const begun = model.compare(START * 1000, FREE);
  const later = commands.flatMap(([seconds, ...words]) =>
    model.apply(printed(String(START + seconds), words), 'app-deploy', String),
  );
  return [...begun, ...later].map((event) => brief(event));
}

function brief({ type, owner, ttl, time }: ModelEvent): string {
  const seconds = time.getTime() / 1000 - START;
  return [seconds, type, owner, ttl === null ? 'for ever' : ttl].filter((word) => word !== undefined).join(' ');
}

describe('the state of a lock on Redis, from its commands', () => {
  it('is acquired by any SET, with its TTL', () => {
    const ends = [
      ['EX', '60'],
      ['px', '60000'],
      ['EXAT', String(START + 60)],
      ['PXAT', String((START + 60) * 1000)],
    ];
    for (const end of ends) {
      expect(told([0, 'SET', 'app-deploy', 'ann', ...end, 'NX'])).to.deep.equal(['0 acquired ann 60']);
      expect(told([0, 'set', 'app-deploy', 'ann', 'nx', ...end])).to.deep.equal(['0 acquired ann 60']);
    }

    expect(told([0, 'SET', 'app-deploy', 'ann'])).to.deep.equal(['0 acquired ann for ever']);
    expect(told([0, 'SETNX', 'app-deploy', 'ann'])).to.deep.equal(['0 acquired ann for ever']);
    expect(told([0, 'SETEX', 'app-deploy', '60', 'ann'])).to.deep.equal(['0 acquired ann 60']);
    expect(told([0, 'PSETEX', 'app-deploy', '60000', 'ann'])).to.deep.equal(['0 acquired ann 60']);
  });

  it('is contended by attempts while it is held', () => {
    expect(
      told(
        [0, 'SET', 'app-deploy', 'ann', 'EX', '60', 'NX'],
        [1, 'SET', 'app-deploy', 'bob', 'EX', '60', 'NX'],
        [2, 'SETNX', 'app-deploy', 'eve'],
        [60, 'SETNX', 'app-deploy', 'bob'],
      ),
    ).to.deep.equal([
      '0 acquired ann 60',
      '1 contended bob',
      '2 contended eve',
      '60 expired ann',
      '60 acquired bob for ever',
    ]);
  });

  it('is refreshed by another TTL of its owner', () => {
    expect(
      told(
        [0, 'SET', 'app-deploy', 'ann', 'EX', '60'],
        [1, 'PEXPIRE', 'app-deploy', '5000'],
        [2, 'EXPIREAT', 'app-deploy', String(START + 100)],
        [3, 'PEXPIREAT', 'app-deploy', String((START + 90) * 1000)],
        [4, 'PERSIST', 'app-deploy'],
        [5, 'EXPIRE', 'app-deploy', '10'],
        [6, 'SET', 'app-deploy', 'ann', 'KEEPTTL'],
        [15, 'SETNX', 'app-deploy', 'bob'],
      ),
    ).to.deep.equal([
      '0 acquired ann 60',
      '1 refreshed ann 5',
      '2 refreshed ann 98',
      '3 refreshed ann 87',
      '4 refreshed ann for ever',
      '5 refreshed ann 10',
      '6 refreshed ann 9',
      '15 expired ann',
      '15 acquired bob for ever',
    ]);
  });

  it('is released by anything that removes it or changes its owner', () => {
    const held = [0, 'SET', 'app-deploy', 'ann'] as const;
    const first = '0 acquired ann for ever';
    for (const words of [
      ['DEL', 'x', 'app-deploy'],
      ['UNLINK', 'app-deploy'],
      ['GETDEL', 'app-deploy'],
      ['RENAME', 'app-deploy', 'x'],
      ['FLUSHDB'],
      ['FLUSHALL', 'ASYNC'],
      ['EXPIRE', 'app-deploy', '-1'],
    ]) {
      expect(told(held, [1, ...words]), words.join(' ')).to.deep.equal([first, '1 released ann']);
    }

    expect(told(held, [1, 'SET', 'app-deploy', 'bob'])).to.deep.equal([
      first,
      '1 released ann',
      '1 acquired bob for ever',
    ]);
  });

  it('ignores reads, and commands that mention it otherwise', () => {
    expect(
      told(
        [0, 'SET', 'app-deploy', 'ann'],
        [1, 'GET', 'app-deploy'],
        [2, 'SET', 'x', 'app-deploy'],
        [3, 'GETDEL', 'x'],
      ),
    ).to.deep.equal(['0 acquired ann for ever']);
    expect(told([1, 'DEL', 'app-deploy'], [2, 'EXPIRE', 'app-deploy', '9'])).to.deep.equal([]);
  });

  it('waits for the next check after commands with other conditions', () => {
    const held = [0, 'SET', 'app-deploy', 'ann', 'EX', '60'] as const;
    expect(told([0, 'SET', 'app-deploy', 'ann', 'XX'])).to.deep.equal([]);
    for (const words of [
      ['SET', 'app-deploy', 'bob', 'XX', 'EX', '60'],
      ['SET', 'app-deploy', 'bob', 'IFEQ', 'eve'],
      ['EXPIRE', 'app-deploy', '90', 'nx'],
      ['PEXPIREAT', 'app-deploy', '1', 'GT'],
    ]) {
      expect(told(held, [1, ...words]), words.join(' ')).to.deep.equal(['0 acquired ann 60']);
    }
  });

  it('is not acquired with a zero TTL, which the server refuses', () => {
    expect(told([0, 'SET', 'app-deploy', 'ann', 'EX', '0', 'NX'])).to.deep.equal([]);
    expect(told([0, 'SETEX', 'app-deploy', '-1', 'ann'])).to.deep.equal([]);
  });

  it("is corrected by the server's state", () => {
    const model = new LockModel('deploy');
    const at = (seconds: number, owner?: string, left = Infinity): string[] =>
      model
        .compare((START + seconds) * 1000, owner === undefined ? undefined : { owner, left })
        .map((each) => brief(each));
    expect(at(0, 'ann', 60_000)).to.deep.equal(['0 held ann 60']);
    expect(at(1, 'ann', 59_000)).to.deep.equal([]);
    expect(at(2, 'ann', 60_000)).to.deep.equal(['2 refreshed ann 60']);
    expect(at(3, 'bob')).to.deep.equal(['3 released ann', '3 acquired bob for ever']);
    expect(at(4)).to.deep.equal(['4 released bob']);
    expect(at(5, 'eve', 1000)).to.deep.equal(['5 acquired eve 1']);
    expect(at(7)).to.deep.equal(['6 expired eve']);
  });

  it('reports nothing before the first comparison', () => {
    const model = new LockModel('deploy');
    const command = printed(String(START), ['SET', 'app-deploy', 'ann']);
    expect(model.apply(command, 'app-deploy', String)).to.deep.equal([]);
  });
});

describe('a line of MONITOR', () => {
  it('contains any bytes, escaped', () => {
    const words = String.raw`"SeT" "\x00\xff\\n\n\r\t\a\b\"" "\xe9"`;
    const line = new PrintedCommand(`1700000000.123456 [3 [::1]:4711] ${words}`);
    expect(line).to.include({ command: 'set', database: 3, source: '[::1]:4711', isFromScript: false });
    expect(line.timeMs).to.be.closeTo(1_700_000_000_123.456, 0.01);
    expect(line.args).to.deep.equal(['\u0000\u00FF\\n\n\r\t\u0007\b"', '\u00E9']);
  });

  it('says whether a script ran it', () => {
    expect(printed('1.0', ['del', 'k'], 'lua')).to.include({ isFromScript: true, command: 'del' });
  });
});
