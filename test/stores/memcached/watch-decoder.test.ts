import { expect } from 'chai';

import type { CacheEvent, EventsOptions } from '../../../src/stores/contract/events.js';

import { WatchDecoder } from '../../../src/stores/memcached/events/watch-decoder.js';
import { Keys } from '../../../src/stores/memcached/keys.js';

/** The events of these lines with the prefix `p:`. */
function decoded(lines: readonly string[], options: Pick<EventsOptions, 'everything' | 'wants'> = {}): CacheEvent[] {
  const events: CacheEvent[] = [];
  const addresses = new Map<string, string | undefined>();
  const decoder = new WatchDecoder({
    keys: new Keys({ prefix: 'p:', codec: 'php' }),
    options,
    clients: {
      addressOf: (connection) => addresses.get(connection),
      set: (connection, address) => addresses.set(connection, address),
    },
    isOwn: (connection) => connection === '7',
    emit: (event) => events.push(event),
  });
  for (const line of lines) decoder.decode(line);
  decoder.end();
  return events;
}

function names(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key, client }) => [type, key, client?.address].filter(Boolean).join(' '));
}

describe('lines of a watch on Memcached', () => {
  it('are reported in the server’s order, without lookups for writes', () => {
    const events = decoded([
      'ts=1795437380.40784 gid=2 type=item_get key=p%3Ak status=not_found clsid=0 cfd=26 size=0',
      'ts=1795437380.40790 gid=3 type=item_store key=p%3Ak status=stored cmd=set ttl=60 clsid=1 cfd=26 size=3',
      'ts=1795437380.40700 gid=1 type=item_get key=p%3Ak status=not_found clsid=0 cfd=27 size=0',
      'ts=1795437380.40795 gid=4 type=item_get key=p%3Ak status=found clsid=0 cfd=26 size=3',
      'ts=1795437380.40800 gid=5 type=deleted key=p%3Ak cmd=delete clsid=1 size=3',
      'ts=1795437380.40810 gid=6 type=item_get key=q%3Ak status=found clsid=0 cfd=26 size=3',
      'ts=1795437380.40820 gid=7 type=item_get key=p%3A%C5%BE status=found clsid=0 cfd=26 size=3',
      'nonsense',
    ]);
    expect(names(events)).to.deep.equal(['CacheMissed k', 'KeyWritten k', 'KeyForgotten k', 'CacheHit ž']);
    expect(events[0]?.time.getTime()).to.equal(1_795_437_380_040);
    expect(events[1]).to.deep.include({ ttl: 60, size: 3 });
  });

  it('name the client, also after its connection number is reused', () => {
    const events = decoded([
      'ts=1.1 gid=4 type=conn_close rip=127.0.0.1 rport=1001 transport=tcp reason=normal cfd=26',
      'ts=1.1 gid=3 type=item_get key=p%3Aa status=found clsid=1 cfd=26 size=1',
      'ts=1.1 gid=6 type=item_get key=p%3Aa status=found clsid=1 cfd=26 size=1',
      'ts=1.1 gid=5 type=conn_new rip=::1 rport=1002 transport=tcp6 cfd=26',
      'ts=1.1 gid=2 type=conn_new rip=127.0.0.1 rport=1001 transport=tcp cfd=26',
      'ts=1.1 gid=7 type=conn_close rip=::1 rport=1002 transport=tcp6 reason=normal cfd=26',
      'ts=1.1 gid=8 type=conn_new rip= rport=0 transport=local cfd=26',
      'ts=1.1 gid=9 type=item_get key=p%3Ab status=found clsid=1 cfd=26 size=1',
    ]);
    expect(names(events)).to.deep.equal(['CacheHit a 127.0.0.1:1001', 'CacheHit a [::1]:1002', 'CacheHit b']);
  });

  it('are locks if the name belongs to one of Laravel’s families', () => {
    const events = decoded([
      'ts=1.1 gid=1 type=item_get key=p%3Alaravel_unique_job%3Ax status=not_found clsid=0 cfd=26 size=0',
      'ts=1.1 gid=2 type=item_store key=p%3Alaravel_unique_job%3Ax status=stored cmd=add ttl=60 clsid=1 cfd=26 size=9',
      'ts=1.1 gid=3 type=item_get key=p%3Alaravel_unique_job%3Ax status=found clsid=1 cfd=27 size=9',
      'ts=1.1 gid=4 type=item_store key=p%3Alaravel_unique_job%3Ax status=not_stored cmd=add ttl=60 clsid=1 cfd=27 size=9',
      'ts=1.1 gid=5 type=item_get key=p%3Alaravel_unique_job%3Ax status=found clsid=1 cfd=26 size=9',
      'ts=1.1 gid=6 type=item_store key=p%3Alaravel_unique_job%3Ax status=stored cmd=cas ttl=60 clsid=1 cfd=26 size=9',
      'ts=1.1 gid=7 type=item_get key=p%3Alaravel_unique_job%3Ax status=found clsid=1 cfd=26 size=9',
      'ts=1.1 gid=8 type=deleted key=p%3Alaravel_unique_job%3Ax cmd=delete clsid=1 size=9',
      'ts=1.1 gid=9 type=item_store key=p%3Alaravel_unique_job%3Ax status=no_memory cmd=add ttl=60 clsid=1 cfd=26 size=9',
    ]);
    expect(events.map(({ type, ttl, size }) => ({ type, ttl, size }))).to.deep.equal([
      { type: 'LockAcquired', ttl: 60, size: undefined },
      { type: 'LockContended', ttl: undefined, size: undefined },
      { type: 'LockReleased', ttl: undefined, size: undefined },
    ]);
  });

  it('report an eviction, and a hit just before', () => {
    const events = decoded([
      'ts=1.1 gid=1 type=item_get key=p%3Ak status=found clsid=1 cfd=26 size=1',
      'ts=1.1 gid=2 type=eviction key=p%3Ak fetch=yes ttl=-1 la=3 clsid=1 size=1',
    ]);
    expect(names(events)).to.deep.equal(['CacheHit k', 'KeyEvicted k']);
  });

  it('of the tail’s own connection or unwanted ones are ignored', () => {
    const lines = [
      'ts=1.1 gid=1 type=item_get key=p%3Ak status=found clsid=1 cfd=7 size=1',
      'ts=1.1 gid=2 type=item_get key=p%3Ak status=not_found clsid=0 cfd=26 size=0',
      'ts=1.1 gid=3 type=item_store key=p%3Ak status=stored cmd=set ttl=0 clsid=1 cfd=26 size=1',
      'ts=1.1 gid=4 type=item_get key=p%3Ak status=found clsid=1 cfd=26 size=1',
    ];
    expect(names(decoded(lines, { wants: (type) => type !== 'CacheHit' }))).to.deep.equal(['KeyWritten k']);
    expect(names(decoded(lines, { wants: (type) => type !== 'KeyWritten' }))).to.deep.equal(['CacheHit k']);
  });

  it('include keys under other prefixes with everything', () => {
    const events = decoded(['ts=1.1 gid=1 type=item_get key=q%3Ak status=found clsid=1 cfd=26 size=1'], {
      everything: true,
    });
    expect(events.map(({ key, isForeign }) => ({ key, isForeign }))).to.deep.equal([{ key: 'q:k', isForeign: true }]);
  });
});
