import type { ScalarSetting, Setting } from '../settings.js';

import { ConfigError } from '../../errors.js';
import { Fields } from '../fields.js';
import { maskUrl } from '../mask.js';
import { parseUrl, type UrlParts } from './parse.js';

/** Replace `url` by the keys that it stands for. */
export function expandUrl(fields: Fields, driver: keyof typeof SCHEMES_OF): Fields {
  const url = fields.filled('url');
  if (url === undefined) return fields;
  const setting = fields.entries.get('url') as ScalarSetting;
  const name = `${setting.where}: url of ${fields.subject} (${maskUrl(setting.shown ?? '')})`;
  const parts = parseUrl(url, name);
  if (parts.driver !== driver) {
    const { product, schemes } = SCHEMES_OF[driver];
    throw new ConfigError(`${name} is not a URL of ${product}`, `Use a ${schemes} URL, or another driver.`);
  }

  const own = new Map(fields.entries);
  own.delete('url');
  for (const key of parts.keys.keys()) {
    if (own.has(key)) fields.fail(key, 'is already in url', 'Remove one of the two.');
  }

  const settings = urlSettings(parts, setting);
  if (fields.has('tls') && parts.tls !== undefined) {
    checkTls(fields, parts.tls, driver);
    settings.delete('tls');
  }

  return new Fields(new Map([...own, ...settings]), fields.where, fields.subject);
}

const SCHEMES_OF = {
  memcached: { product: 'Memcached', schemes: 'memcached:// or memcacheds://' },
  mongodb: { product: 'MongoDB', schemes: 'mongodb:// or mongodb+srv://' },
  mysql: { product: 'MySQL', schemes: 'mysql:// or mariadb://' },
  postgres: { product: 'PostgreSQL', schemes: 'postgres://, postgresql:// or pgsql://' },
  redis: { product: 'Redis', schemes: 'redis://, rediss:// or unix://' },
} as const;

type Origin = Pick<ScalarSetting, 'shown' | 'where'>;

/** The settings in a URL. Each one shows the whole URL in messages, masked. */
export function urlSettings(parts: UrlParts, origin: Origin): Map<string, Setting> {
  const settings = scalars(parts.keys, origin);
  if (parts.tls === undefined) return settings;
  return settings.set('tls', { kind: 'map', entries: scalars(parts.tls, origin), where: origin.where });
}

/** Certificates may be in the file, beside a `rediss://` URL from the environment. */
function checkTls(fields: Fields, fromUrl: ReadonlyMap<string, string>, driver: string): void {
  if (fromUrl.size > 0) fields.fail('tls', 'is already in url', 'Remove one of the two.');
  if (fields.fields('tls') === undefined && fields.boolean('tls') === false) {
    fields.fail('tls', 'is false, but the scheme of url turns TLS on', `Remove tls, or write ${driver}:// in url.`);
  }
}

function scalars(values: ReadonlyMap<string, string>, { shown, where }: Origin): Map<string, Setting> {
  return new Map(
    [...values].map(([key, value]) => [key, { kind: 'scalar', value, shown, where, isParameter: true }] as const),
  );
}
