import type { Profile } from '../profiles/profile.js';
import type { OpenOptions, Store } from './contract/store.js';
import type { NetworkOptions } from './network/tunnel.js';

import { openCodec } from '../codecs/open.js';

/** Open the store of a profile. Loads only its driver; connects on first use. */
export async function openStore(profile: Profile, options: OpenOptions): Promise<Store> {
  if (!('ssh' in profile) || profile.ssh === undefined) return openDriver(profile, options);
  const { throughTunnel, Tunnel } = await import('./network/tunnel.js');
  const tunnel = new Tunnel(profile.ssh, options.timeoutMs);
  return throughTunnel(await openDriver(profile, { ...options, tunnel }), tunnel);
}

async function openDriver(profile: Profile, options: NetworkOptions): Promise<Store> {
  const codec = openCodec(profile.codec);
  switch (profile.driver) {
    case 'custom': {
      const { openCustom } = await import('./custom/open.js');
      return openCustom(profile, codec, options);
    }

    case 'file': {
      const { openFile } = await import('./file/store.js');
      return openFile(profile, codec, options);
    }

    case 'memcached': {
      const { openMemcached } = await import('./memcached/store.js');
      return openMemcached(profile, codec, options);
    }

    case 'mongodb': {
      const { openMongodb } = await import('./mongodb/store.js');
      return openMongodb(profile, codec, options);
    }

    case 'mysql': {
      const { openMysql } = await import('./mysql/store.js');
      return openMysql(profile, codec, options);
    }

    case 'postgres': {
      const { openPostgres } = await import('./postgres/store.js');
      return openPostgres(profile, codec, options);
    }

    case 'redis': {
      const { openRedis } = await import('./redis/store.js');
      return openRedis(profile, codec, options);
    }

    case 'sqlite': {
      const { openSqlite } = await import('./sqlite/store.js');
      return openSqlite(profile, codec, options);
    }
  }
}
