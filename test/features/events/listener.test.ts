import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { CacheEvent } from '../../../src/stores/contract/events.js';

import { EventListener } from '../../../src/features/events/listener.js';

const EVENT: CacheEvent = {
  time: new Date('2026-01-02T03:04:05.678Z'),
  type: 'KeyWritten',
  key: "it's\n$(touch hacked) 🐎",
  ttl: null,
  size: 3,
  tags: ['a', 'b'],
  client: { address: '10.0.0.7:4711', name: 'web' },
};

/** As cachectl prints the key, and as its commands take it. */
const PRINTED = String.raw`it's\x0a$(touch hacked) 🐎`;

const GOES_ON = new AbortController().signal;

describe('a command for each event', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-listener-'));
  });

  after(() => rmSync(folder, { force: true, recursive: true }));

  const fileIn = (name: string): string => path.join(folder, name);

  it('has the event in its environment and, as JSON, on standard input', async () => {
    const listener = new EventListener(
      `cat > ${fileIn('json')}; env -0 | grep -z '^CACHECTL_EVENT_' | sort -z > ${fileIn('env')}`,
      'monitor',
      1,
      GOES_ON,
    );
    await listener.handle(EVENT);
    await listener.end();
    expect(listener.failed).to.equal(0);
    expect(JSON.parse(readFileSync(fileIn('json'), 'utf8'))).to.deep.equal({
      at: '2026-01-02T03:04:05.678Z',
      type: 'KeyWritten',
      key: PRINTED,
      tags: ['a', 'b'],
      ttl: null,
      size: 3,
      address: '10.0.0.7:4711',
      client: 'web',
      source: 'monitor',
    });
    const variables = readFileSync(fileIn('env'), 'utf8').split('\0').slice(0, -1);
    expect(variables).to.deep.equal([
      'CACHECTL_EVENT_ADDRESS=10.0.0.7:4711',
      'CACHECTL_EVENT_AT=2026-01-02T03:04:05.678Z',
      'CACHECTL_EVENT_CLIENT=web',
      `CACHECTL_EVENT_KEY=${PRINTED}`,
      'CACHECTL_EVENT_SIZE=3',
      'CACHECTL_EVENT_SOURCE=monitor',
      'CACHECTL_EVENT_TAGS=a,b',
      'CACHECTL_EVENT_TTL=never',
      'CACHECTL_EVENT_TYPE=KeyWritten',
    ]);
  });

  it('need not read its input, and is counted if it fails', async () => {
    const listener = new EventListener('exec 0<&-; [ "$CACHECTL_EVENT_KEY" = good ]', 'triggers', 2, GOES_ON);
    const big = 'x'.repeat(60_000);
    for (const key of ['good', big, 'good', 'bad']) await listener.handle({ time: new Date(), type: 'CacheHit', key });
    await listener.end();
    expect(listener.failed).to.equal(2);
  });

  it('is not started after the end, even with queued events', async () => {
    const over = new AbortController();
    const [first, ran] = [fileIn('first'), fileIn('ran')];
    const listener = new EventListener(
      `echo x >> ${ran}; until [ -e ${first} ]; do sleep 0.01; done`,
      'poll',
      1,
      over.signal,
    );
    expect(await listener.handle(EVENT)).to.equal(true);
    const waiting = listener.handle(EVENT);
    over.abort();
    writeFileSync(first, '');
    expect(await waiting).to.equal(false);
    await listener.end();
    expect(readFileSync(ran, 'utf8')).to.equal('x\n');
  });

  it('runs up to the limit at once', async () => {
    const running = fileIn('running');
    const command = `mkdir ${running} || exit 9; sleep 0.02; rmdir ${running}`;
    const listener = new EventListener(command, 'triggers', 1, GOES_ON);
    for (let i = 0; i < 5; i++) await listener.handle(EVENT);
    await listener.end();
    expect(listener.failed).to.equal(0);
  });
});
