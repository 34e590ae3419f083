import type { Entries, Setting } from '../settings.js';
import type { Application } from './application.js';

import { ConfigError } from '../../errors.js';
import { noStoreFor } from '../drivers/no-store.js';
import { fileSettings } from './file.js';
import { memcachedSettings } from './memcached.js';
import { arrayAt } from './php-config.js';
import { redisSettings } from './redis.js';
import { Settings } from './settings.js';
import { sqlSettings } from './sql.js';
import { at, type Traced } from './value.js';

/** The keys of a profile, each with its source in the application. */
export interface LaravelProfile {
  /** The store's name in `config/cache.php`. */
  readonly store: string;
  readonly entries: Entries;
  /** Settings that a profile cannot express, and assumptions. */
  readonly notes: readonly string[];
}

/**
 * The profile of one of an application's cache stores.
 * @param name a key of `stores` in `config/cache.php`; by default the default store
 * @throws ConfigError if the store is missing or unsupported, or if only PHP can evaluate its configuration
 */
export function profileOf(application: Application, name?: string): LaravelProfile {
  const settings = new Settings(application);
  const store = name ?? settings.text(at(application.cache, 'default'), 'cache.default') ?? 'null';
  const config = at(application.cache, 'stores', store);
  const driver = settings.text(at(config, 'driver'), `cache.stores.${store}.driver`);
  if (driver === undefined) {
    const { place } = at(application.cache, 'default').from;
    // The defaults of the framework have more stores than `defaults.ts`.
    const unsupported = noStoreFor(store, `${place}: cache store ${JSON.stringify(store)}`);
    if (unsupported !== undefined) throw unsupported;
    throw new ConfigError(
      `the application has no cache store ${JSON.stringify(store)} (${place})`,
      `Stores: ${settings.namesAt(application.cache, 'stores').join(', ')}.`,
    );
  }

  if (driver === 'file') {
    // Laravel's file store has no prefix.
    fileSettings(settings, config, store);
    return { store, entries: settings.entries, notes: settings.notes };
  }

  const prefix = at(config, 'prefix').value === null ? at(application.cache, 'prefix') : at(config, 'prefix');
  settings.set('prefix', prefix, 'cache.prefix');
  switch (driver) {
    case 'database': {
      sqlSettings(settings, config, store);
      break;
    }

    case 'failover': {
      throw failover(settings, config, store);
    }

    case 'memcached': {
      memcachedSettings(settings, config, store);
      break;
    }

    case 'redis': {
      redisSettings(settings, config, store);
      break;
    }

    default: {
      // Parsing the profile reports why the driver is unsupported.
      settings.set('driver', at(config, 'driver'), `cache.stores.${store}.driver`);
    }
  }

  return { store, entries: settings.entries as ReadonlyMap<string, Setting>, notes: settings.notes };
}

/** The error for a failover store, which writes each entry to the first store that works. */
function failover(settings: Settings, config: Traced, store: string): ConfigError {
  const names = [...arrayAt(config, 'stores').values()].map(
    (each) => settings.text(each, `cache.stores.${store}.stores`) ?? '',
  );
  const [first = 'NAME'] = names;
  return new ConfigError(
    `${at(config, 'driver').from.place}: cache store ${JSON.stringify(store)} fails over between ${names.join(' and ')}; cachectl works on one store at a time`,
    `Entries and locks are in the first one, unless it failed: --laravel DIR?store=${first}`,
  );
}
