import { expect } from 'chai';

import { cachectl, type Result } from '../../support/cli.js';
import { expectFault, withRedis } from '../../support/faults.js';

const HEAD = 'laravel-database-laravel-cache-';
const PREFIXES = 'connectionPrefix=laravel-database-&prefix=laravel-cache-';

/** An owner that repeats itself, and its bytes as Laravel 13.26 and phpredis 6.2 wrote them with `compression_level` 19. */
const OWNER = 'worker-eu-1:'.repeat(8);
const OWNER_AT_19 = Buffer.from('KLUv/SBgpQAAaHdvcmtlci1ldS0xOncBAPCpfAE=', 'base64');

/** `str_repeat('abcdefghij', 500)`, serialized, by the same. */
const LONG_AT_19 = Buffer.from('KLUv/WCSEuUAAKBzOjUwMDA6ImFiY2RlZmdoaWoiOwEA9qZ9CQM=', 'base64');

describe("phpredis's compression_level", () => {
  const redis = withRedis('--save', '');
  const at = (level: string) => ({ CACHECTL_URL: `${redis().url}?${PREFIXES}&compression=zstd${level}` });
  const run = async (level: string, ...args: string[]): Promise<Result> => cachectl(args, { env: at(level) });

  beforeEach(async () => redis().flush());

  it("writes the application's bytes at the level of the profile", async () => {
    expect(await run('&compressionLevel=19', 'put', 'long', 'abcdefghij'.repeat(500))).to.include({ code: 0 });
    expect(await redis().client.getBuffer(`${HEAD}long`)).to.deep.equal(LONG_AT_19);
    for (const level of ['', '&compressionLevel=1', '&compressionLevel=19']) {
      expect((await run(level, 'get', 'long')).out).to.equal(`${'abcdefghij'.repeat(500)}\n`);
    }
  });

  it('writes the owner that the application compares with', async () => {
    const { code } = await run('&compressionLevel=19', 'lock:acquire', 'repeated', '--owner', OWNER, '--ttl', '10m');
    expect(code).to.equal(0);
    expect(await redis().client.getBuffer(`${HEAD}repeated`)).to.deep.equal(OWNER_AT_19);
  });

  for (const level of ['', '&compressionLevel=1', '&compressionLevel=19']) {
    it(`compares owners unpacked: ${level === '' ? 'no level' : level.slice(1)}`, async () => {
      await redis().client.set(`${HEAD}repeated`, OWNER_AT_19, 'EX', 600);
      const refresh = ['lock:refresh', 'repeated', '--ttl', '1h', '--owner'];
      expect(await run(level, ...refresh, 'another')).to.include({ code: 1 });
      expect(await run(level, ...refresh, OWNER)).to.include({ code: 0 });
      expect(await redis().client.ttl(`${HEAD}repeated`)).to.be.within(3000, 3600);
      expect(await redis().client.getBuffer(`${HEAD}repeated`)).to.deep.equal(OWNER_AT_19);
      expect(await run(level, 'lock:release', 'repeated', '--owner', 'another')).to.include({ code: 1 });
      expect(await run(level, 'lock:release', 'repeated', '--owner', OWNER)).to.include({ code: 0 });
      expect(await redis().client.exists(`${HEAD}repeated`)).to.equal(0);
    });
  }

  it('keeps an entry that is put into a tag again as one member', async () => {
    const args = ['put', OWNER, 'x', '--tags', 't', '--ttl', '10m'];
    expect(await run('&compressionLevel=19', ...args)).to.include({ code: 0 });
    const [member] = await redis().client.zrangeBuffer(`${HEAD}tag:t:entries`, '0', '-1');
    expect(await run('&compressionLevel=19', ...args)).to.include({ code: 0 });
    expect(await redis().client.zrangeBuffer(`${HEAD}tag:t:entries`, '0', '-1')).to.deep.equal([member]);
  });

  it('is a number from 1 to 22', async () => {
    expectFault(await run('&compressionLevel=23', 'get', 'k'), { code: 2, message: 'compressionLevel' });
  });
});

describe("phpredis's pack_ignore_numbers", () => {
  const redis = withRedis('--save', '');
  const url = (serializer = 'igbinary'): string =>
    `${redis().url}?${PREFIXES}&serializer=${serializer}&packIgnoreNumbers=true`;
  const run = async (...args: string[]): Promise<Result> => cachectl(args, { env: { CACHECTL_URL: url() } });

  beforeEach(async () => redis().flush());

  // As Laravel 13.26 and phpredis 6.2 wrote them.
  for (const [key, json, stored] of [
    ['int', '42', Buffer.from('42')],
    ['negint', '-7', Buffer.from('-7')],
    ['float', '3.14', Buffer.from('3.14')],
    ['bigfloat', '1.0e25', Buffer.from('1.0E+25')],
    ['numstr', '"0123"', Buffer.from('00000002110430313233', 'hex')],
    ['str', '"hello"', Buffer.from('00000002110568656c6c6f', 'hex')],
    ['true', 'true', Buffer.from('0000000205', 'hex')],
  ] as const) {
    it(`writes and reads ${json} like the application`, async () => {
      expect(await run('put', key, json, '--as', 'json')).to.include({ code: 0 });
      expect(await redis().client.getBuffer(HEAD + key)).to.deep.equal(stored);
      expect(JSON.parse((await run('get', key, '--json')).out)).to.deep.include({ value: JSON.parse(json) as unknown });
    });
  }

  for (const serializer of ['igbinary', 'msgpack', 'json', 'php']) {
    it(`lets both sides count on the same numbers: ${serializer}`, async () => {
      const env = { CACHECTL_URL: url(serializer) };
      expect(await cachectl(['put', 'n', '7', '--as', 'json'], { env })).to.include({ code: 0 });
      expect(await redis().client.incrby(`${HEAD}n`, 5)).to.equal(12);
      expect(await cachectl(['increment', 'n'], { env })).to.include({ code: 0, out: '13\n' });
      expect(await cachectl(['get', 'n'], { env })).to.include({ code: 0, out: '13\n' });
    });
  }

  it('reads a bare INF as text, like PHP', async () => {
    await redis().client.set(`${HEAD}inf`, 'INF');
    expect(await run('get', 'inf')).to.include({ code: 0, out: 'INF\n' });
  });

  it('keeps lock owners packed, those of digits too', async () => {
    const digits = '1234567890123456';
    expect(await run('lock:acquire', 'digits', '--owner', digits, '--ttl', '10m')).to.include({ code: 0 });
    expect(await redis().client.getBuffer(`${HEAD}digits`)).to.deep.equal(
      Buffer.concat([Buffer.from('000000021110', 'hex'), Buffer.from(digits)]),
    );
    expect(await run('lock:release', 'digits', '--owner', digits)).to.include({ code: 0 });
  });
});
