import { expect } from 'chai';
import { spawnSync } from 'node:child_process';

import type { MemcachedServer } from '../../src/profiles/profile.js';

import { oneAtATime, picker } from '../../src/stores/memcached/hashing.js';
import { requirePhp } from '../support/php-requirements.js';

/** Asks libmemcached, by php-memcached, for the server of each key. */
const SCRIPT = `[$servers, $isKetama, $keys] = json_decode(stream_get_contents(STDIN), true);
$memcached = new Memcached();
if ($isKetama) $memcached->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
foreach ($servers as [$host, $port, $weight]) $memcached->addServer($host, $port, $weight);
foreach ($keys as $key) {
  $server = $memcached->getServerByKey(base64_decode($key));
  echo $server['host'], ':', $server['port'], "\\n";
}`;

const KEYS = Array.from({ length: 5000 }, (_, index) =>
  Buffer.from(`laravel-cache-${index % 3 === 0 ? 'uživatel-🐎' : 'user'}:${index * 7919}`),
);

describe('which server a key lives on', () => {
  let php: string;

  before(function () {
    php = requirePhp(this, 'memcached');
  });

  function askPhp(servers: readonly MemcachedServer[], distribution: 'ketama' | 'modulo'): string[] {
    const places = servers.map(({ host, port, weight }) => [host, port, weight]);
    const input = JSON.stringify([places, distribution === 'ketama', KEYS.map((key) => key.toString('base64'))]);
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
  ] as const) {
    it(`is the one that php-memcached takes: ${what}`, () => {
      const ours = ask(servers, distribution);
      expect(ours).to.deep.equal(askPhp(servers, distribution));
      expect(new Set(ours).size).to.equal(servers.length);
    });
  }

  it('goes by Jenkins’s hash, with bytes above 127 negative', () => {
    expect(oneAtATime(Buffer.from(''))).to.equal(0);
    expect(oneAtATime(Buffer.from('a'))).to.equal(0xca_2e_94_42);
  });
});

function ask(servers: readonly MemcachedServer[], distribution: 'ketama' | 'modulo'): string[] {
  const pick = picker({ servers, distribution });
  return KEYS.map((key) => {
    const { host, port } = servers[pick(key)]!;
    return `${host}:${port}`;
  });
}

function equal(...ports: number[]): MemcachedServer[] {
  return ports.map((port) => ({ host: '10.0.0.1', port, weight: 1 }));
}

function weighted(...weights: number[]): MemcachedServer[] {
  return weights.map((weight, index) => ({ host: `cache-${index}.internal`, port: 11_211, weight }));
}
