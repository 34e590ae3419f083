import { expect } from 'chai';
import { spawnSync } from 'node:child_process';

import type { MemcachedProfile, MemcachedServer } from '../../../src/profiles/profile.js';

import { oneAtATime, picker } from '../../../src/stores/memcached/protocol/hashing.js';
import { requirePhp } from '../../support/php-requirements.js';

/** Asks libmemcached, by php-memcached, for the server of each key. */
const SCRIPT = `[$servers, $distribution, $keys] = json_decode(stream_get_contents(STDIN), true);
$memcached = new Memcached();
if ($distribution === 'ketama') $memcached->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
if ($distribution === 'consistent') $memcached->setOption(Memcached::OPT_DISTRIBUTION, Memcached::DISTRIBUTION_CONSISTENT);
foreach ($servers as [$host, $port, $weight]) $memcached->addServer($host, $port, $weight);
foreach ($keys as $key) {
  $server = $memcached->getServerByKey(base64_decode($key));
  echo $server['host'], ':', $server['port'], "\\n";
}`;

const KEYS = Array.from({ length: 5000 }, (_, index) =>
  Buffer.from(`laravel-cache-${index % 3 === 0 ? 'uživatel-🐎' : 'user'}:${index * 7919}`),
);

type Distribution = MemcachedProfile['distribution'];

describe('the server of a key', () => {
  let php: string;

  before(function () {
    php = requirePhp(this, 'memcached');
  });

  function askPhp(servers: readonly MemcachedServer[], distribution: Distribution): string[] {
    const places = servers.map((server) =>
      'socket' in server ? [server.socket, 0, server.weight] : [server.host, server.port, server.weight],
    );
    const input = JSON.stringify([places, distribution, KEYS.map((key) => key.toString('base64'))]);
    const { stdout, stderr, status } = spawnSync(php, ['-r', SCRIPT], { input, encoding: 'utf8' });
    expect({ stderr, status }).to.deep.equal({ stderr: '', status: 0 });
    return stdout.trimEnd().split('\n');
  }

  for (const [what, servers, distribution] of [
    ['one server', equal(11_211), 'modulo'],
    ['three servers, modulo', equal(11_211, 11_212, 11_213), 'modulo'],
    ['seven servers, modulo', equal(1, 2, 3, 4, 5, 6, 7), 'modulo'],
    ['three servers, ketama', equal(11_211, 11_212, 11_213), 'ketama'],
    ['servers of weights 1, 2 and 5, ketama', weighted(1, 2, 5), 'ketama'],
    ['servers of weights 100, 33, 7 and 1, ketama', weighted(100, 33, 7, 1), 'ketama'],
    ['three servers, consistent', equal(11_211, 11_212, 11_213), 'consistent'],
    ['servers of weight 100, consistent', weighted(100, 100, 100), 'consistent'],
    ['servers of weights 1, 2 and 5, consistent', weighted(1, 2, 5), 'consistent'],
    ['a host and two Unix sockets, ketama', [...equal(11_211), ...sockets('/run/a.sock', '/run/b.sock')], 'ketama'],
    ['two Unix sockets, consistent', sockets('/run/a.sock', '/run/b.sock'), 'consistent'],
  ] as const) {
    it(`is php-memcached's: ${what}`, () => {
      const ours = ask(servers, distribution);
      expect(ours).to.deep.equal(askPhp(servers, distribution));
      expect(new Set(ours).size).to.equal(servers.length);
    });
  }

  it('uses Jenkins’s hash with bytes above 127 negative', () => {
    expect(oneAtATime(Buffer.from(''))).to.equal(0);
    expect(oneAtATime(Buffer.from('a'))).to.equal(0xca_2e_94_42);
  });
});

function ask(servers: readonly MemcachedServer[], distribution: Distribution): string[] {
  const pick = picker({ servers, distribution });
  return KEYS.map((key) => {
    const server = servers[pick(key)]!;
    return 'socket' in server ? `${server.socket}:11211` : `${server.host}:${server.port}`;
  });
}

function equal(...ports: number[]): MemcachedServer[] {
  return ports.map((port) => ({ host: '10.0.0.1', port, weight: 1 }));
}

function weighted(...weights: number[]): MemcachedServer[] {
  return weights.map((weight, index) => ({ host: `cache-${index}.internal`, port: 11_211, weight }));
}

function sockets(...paths: string[]): MemcachedServer[] {
  return paths.map((socket) => ({ socket, weight: 1 }));
}
