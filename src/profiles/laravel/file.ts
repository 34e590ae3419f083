import type { Settings } from './settings.js';

import { at, type Traced } from './value.js';

/** The first version with a prefix for lock names. */
const PREFIXED = { version: 12, minor: 36 };

/** A `file` store: its folders and the mode of its files. */
export function fileSettings(settings: Settings, store: Traced, name: string): void {
  const path = `cache.stores.${name}`;
  const { version, minor = PREFIXED.minor } = settings.application;
  settings.put('driver', 'file', at(store, 'driver'));
  settings.set('path', at(store, 'path'), `${path}.path`);
  settings.set('lockPath', at(store, 'lock_path'), `${path}.lock_path`);
  const permission = at(store, 'permission');
  if (typeof permission.value === 'number') {
    settings.put('permission', permission.value.toString(8).padStart(4, '0'), permission);
  }

  const isOlder = version < PREFIXED.version || (version === PREFIXED.version && minor < PREFIXED.minor);
  if (isOlder) settings.put('lockPrefix', '', at(store, 'driver'));
}
