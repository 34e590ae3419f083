import type { Settings } from './settings.js';

import { arrayAt } from './php-config.js';
import { constant } from './settings.js';
import { at, type ConfigArray, type ConfigValue, type Traced } from './value.js';

/** Options of php-memcached, by name and number. */
const OPTIONS = {
  OPT_BINARY_PROTOCOL: 'binary',
  OPT_COMPRESSION: 'compress',
  OPT_COMPRESSION_TYPE: 'compression',
  OPT_DISTRIBUTION: 'distribution',
  OPT_LIBKETAMA_COMPATIBLE: 'ketama',
  OPT_PREFIX_KEY: 'prefix',
  OPT_SERIALIZER: 'serializer',
  9: 'distribution',
  16: 'ketama',
  18: 'binary',
  '-1001': 'compress',
  '-1002': 'prefix',
  '-1003': 'serializer',
  '-1004': 'compression',
} as const;
const SERIALIZERS = {
  SERIALIZER_IGBINARY: 'igbinary',
  SERIALIZER_JSON: 'json',
  SERIALIZER_MSGPACK: 'msgpack',
  SERIALIZER_PHP: 'php',
  1: 'php',
  2: 'igbinary',
  3: 'json',
  5: 'msgpack',
} as const;
const COMPRESSIONS = {
  COMPRESSION_FASTLZ: 'fastlz',
  COMPRESSION_ZLIB: 'zlib',
  COMPRESSION_ZSTD: 'zstd',
  1: 'zlib',
  2: 'fastlz',
  3: 'zstd',
} as const;
const DISTRIBUTIONS = {
  DISTRIBUTION_CONSISTENT: 'consistent',
  DISTRIBUTION_MODULA: 'modulo',
  0: 'modulo',
  1: 'consistent',
} as const;

/** A `memcached` store: its servers, in their order, and php-memcached's options. */
export function memcachedSettings(settings: Settings, store: Traced, name: string): void {
  const path = `cache.stores.${name}`;
  settings.put('driver', 'memcached', at(store, 'driver'));
  const servers = [...arrayAt(store, 'servers').values()].map((server) => {
    const host = settings.text(at(server, 'host'), `${path}.servers.host`) ?? '127.0.0.1';
    const port = settings.text(at(server, 'port'), `${path}.servers.port`) ?? '11211';
    const weight = settings.text(at(server, 'weight'), `${path}.servers.weight`);
    const place = host.includes(':') && !host.startsWith('/') ? `[${host}]` : host;
    return [[place, port, weight].filter((part) => part !== undefined).join(':'), at(server, 'host')] as const;
  });
  settings.putList('servers', servers, at(store, 'servers'));
  settings.set('username', at(store, 'sasl', '0'), `${path}.sasl`);
  settings.set('password', at(store, 'sasl', '1'), `${path}.sasl`);
  options(settings, arrayAt(store, 'options'));
}

function options(settings: Settings, given: ConfigArray): void {
  for (const [key, traced] of given) {
    const { value } = traced;
    const put = (name: string, text: boolean | string | undefined): void => {
      if (text !== undefined) settings.put(name, text, traced);
    };

    switch (constant(key, OPTIONS)) {
      case 'binary': {
        put('protocol', isOn(value) ? 'binary' : undefined);
        break;
      }

      case 'compress': {
        put('compression', isOn(value) ? undefined : 'none');
        break;
      }

      case 'compression': {
        if (!settings.entries.has('compression')) put('compression', constant(value, COMPRESSIONS));
        break;
      }

      case 'distribution': {
        if (!settings.entries.has('distribution')) put('distribution', constant(value, DISTRIBUTIONS));
        break;
      }

      case 'ketama': {
        put('distribution', isOn(value) ? 'ketama' : undefined);
        break;
      }

      case 'prefix': {
        put('connectionPrefix', settings.text(traced, 'Memcached::OPT_PREFIX_KEY'));
        break;
      }

      case 'serializer': {
        put('serializer', constant(value, SERIALIZERS));
        break;
      }

      case undefined: {
        break;
      }
    }
  }
}

function isOn(value: ConfigValue): boolean {
  return value === true || value === 1 || value === '1';
}
