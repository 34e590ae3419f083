import { expect } from 'chai';

import type { RedisServer } from '../support/redis-server.js';

import { cachectl, type Result } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';
import { onTerminal } from '../support/terminal.js';

describe('get of what is no entry on Redis', () => {
  let redis: RedisServer;
  const url = (): string => `${redis.url}?prefix=app-`;
  const get = async (...args: readonly string[]): Promise<Result> => cachectl(['get', ...args, '--url', url()]);

  before(async function () {
    redis = await startRedis(this);
    await redis.flush();
    const { client } = redis;
    await client.rpush('app-list', ...Array.from({ length: 250 }, (_, index) => `item ${index}`));
    await client.hset('app-hash', 'name', 'Ann', 'two\nlines', Buffer.from([0, 255]));
    await client.hset('app-large', ...Array.from({ length: 5000 }, (_, index) => [`field ${index}`, 'v']).flat());
    await client.sadd('app-set', 'one');
    await client.zadd('app-zset', 1.5, 'member');
    await client.xadd('app-stream', '1-1', 'field', 'value', 'other', 'x');
    await client.expire('app-set', 600);
  });

  after(async () => redis?.stop());

  it('prints one member per line, with its parts between tabs', async () => {
    const { code, out, err } = await get('hash');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out.split('\n').sort()).to.deep.equal([
      '',
      'name\tAnn',
      String.raw`two\x0alines` + '\t' + String.raw`\x00\xff`,
    ]);
    expect((await get('set')).out).to.equal('one\n');
    expect((await get('zset')).out).to.equal('member\t1.5\n');
    expect((await get('stream')).out).to.equal('1-1\tfield\tvalue\tother\tx\n');
  });

  it('reads the first 100 members, or as many as --limit', async () => {
    expect((await get('list')).out.trim().split('\n'))
      .to.have.length(100)
      .and.include('item 99');
    expect((await get('list', '--limit', '2')).out).to.equal('item 0\nitem 1\n');
    expect((await get('list', '--limit', '1000')).out.trim().split('\n')).to.have.length(250);
    expect((await get('large')).out.trim().split('\n')).to.have.length(100);
  });

  it('says with --json how many are left', async () => {
    const large = JSON.parse((await get('large', '--limit', '7', '--json')).out);
    expect(large).to.include({ hit: true, type: 'hash', length: 5000, left: 4993, ttl: null });
    expect(large.elements).to.have.length(7);
    const set = JSON.parse((await get('set', '--json')).out);
    expect(set)
      .to.deep.include({ type: 'set', length: 1, elements: ['one'] })
      .and.not.to.have.property('left');
    expect(set.ttl).to.be.within(1, 600);
  });

  it('shows a table at a terminal, and says what it is', async () => {
    const { screen } = await onTerminal(['get', 'hash', '--url', url()], {});
    expect(screen).to.match(/FIELD +VALUE/);
    expect(screen).to.contain('a Redis hash with 2 members, not a cache entry');
  });

  it('has its type in keys --long', async () => {
    const { out } = await cachectl(['keys', '--long', '--url', url()]);
    const types = out
      .trim()
      .split('\n')
      .map((line) => line.split('\t').slice(0, 2));
    expect(Object.fromEntries(types)).to.include({ list: 'list', hash: 'hash', zset: 'zset', stream: 'stream' });
  });
});
