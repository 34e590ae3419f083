import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { serialize } from '../../../src/codecs/php/serialize.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { cachectl, type Result } from '../../support/cli.js';
import { startRedis } from '../../support/redis-server.js';

/** A map of two: the class, and nil before the array that its `__serialize` gave. */
const SELF_MADE = Buffer.concat([
  Buffer.from([0x82, 0xc0, 0xad]),
  Buffer.from(String.raw`Carbon\Carbon`),
  Buffer.from([0xc0, 0x81, 0xa4]),
  Buffer.from('date'),
  Buffer.from([0xa1]),
  Buffer.from('x'),
]);

/** The class, and its properties beside it. */
const PLAIN = Buffer.concat([
  Buffer.from([0x82, 0xc0, 0xa8]),
  Buffer.from(String.raw`App\User`),
  Buffer.from([0xa2]),
  Buffer.from('id'),
  Buffer.from([7]),
]);

/** An array of both, with the plain one twice. */
const BOTH = Buffer.concat([Buffer.from([0x93]), PLAIN, SELF_MADE, PLAIN]);

/** A class with the other form inside of it. */
const NESTED = Buffer.concat([
  Buffer.from([0x82, 0xc0, 0xa8]),
  Buffer.from(String.raw`App\Post`),
  Buffer.from([0xa2]),
  Buffer.from('at'),
  SELF_MADE,
]);

const VALUES: Readonly<Record<string, Buffer>> = {
  'an object that its class makes': SELF_MADE,
  'an object with properties': PLAIN,
  'both in an array': BOTH,
  'one in another': NESTED,
};

describe("objects in a cache with phpredis's msgpack", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let folder = '';

  before(async function () {
    redis = await startRedis(this);
  });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-msgpack-'));
  });

  afterEach(async () => {
    rmSync(folder, { force: true, recursive: true });
    await redis.flush();
  });

  after(async () => redis?.stop());

  const on = async (parameters: string, ...args: readonly string[]): Promise<Result> =>
    cachectl([...args, '--url', `${redis.url}?prefix=app-&${parameters}`], { cwd: folder });
  const stored = async (key: string): Promise<Buffer | null> => redis.client.getBuffer(`app-${key}`);

  it('are restored from an export as the same bytes', async () => {
    for (const [key, bytes] of Object.entries(VALUES)) await redis.client.set(`app-${key}`, bytes);
    expect((await on('serializer=msgpack', 'export', '--output', 'cache.ndjson')).code).to.equal(0);
    expect(readFileSync(path.join(folder, 'cache.ndjson'), 'utf8')).to.include(
      String.raw`"selfMade":["Carbon\\Carbon"]`,
    );
    await redis.client.flushall();
    const imported = await on('serializer=msgpack', 'import', 'cache.ndjson', '--yes');
    expect(imported.err).to.include('imported 4 entries');
    expect(imported.code).to.equal(0);
    for (const [key, bytes] of Object.entries(VALUES)) expect(await stored(key), key).to.deep.equal(bytes);
  });

  it('are copied to a cache with another serializer as PHP has them there', async () => {
    await redis.client.set('app-both', BOTH);
    await on('serializer=msgpack', 'export', '--output', 'cache.ndjson');
    await redis.client.flushall();
    expect((await on('codec=php', 'import', 'cache.ndjson', '--yes')).code).to.equal(0);
    const text = String.raw`a:3:{i:0;O:8:"App\User":1:{s:2:"id";i:7;}i:1;O:13:"Carbon\Carbon":1:{s:4:"date";s:1:"x";}i:2;O:8:"App\User":1:{s:2:"id";i:7;}}`;
    expect((await stored('both'))!.toString()).to.equal(text);
    expect(serialize(unserialize(Buffer.from(text))).toString()).to.equal(text);
  });

  it('from a cache with another serializer are refused if msgpack cannot detect it', async () => {
    await redis.client.set('app-user', String.raw`O:8:"App\User":1:{s:2:"id";i:7;}`);
    await on('codec=php', 'export', '--output', 'cache.ndjson');
    expect(readFileSync(path.join(folder, 'cache.ndjson'), 'utf8')).to.not.include('selfMade');
    const imported = await on('serializer=msgpack', 'import', 'cache.ndjson', '--yes');
    expect(imported.code).to.equal(4);
    expect(imported.err).to.include('1 failed');
  });

  it('refuse an invalid list of classes', async () => {
    for (const selfMade of ['"Carbon"', '[1]', '[""]']) {
      const input = `{"key":"k","php":"O:8:\\"App\\\\User\\":0:{}","selfMade":${selfMade},"expires":null}\n`;
      const result = await cachectl(['import', '-', '--yes', '--url', redis.url], { input });
      expect(result.code).to.equal(2);
      expect(result.err).to.match(/selfMade is not a list of names|a class is not a string/);
    }
  });
});
