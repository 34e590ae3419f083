import type { Fields, Folders } from '../fields.js';
import type { FileProfile } from '../profile.js';
import type { Common } from './common.js';

import { ConfigError } from '../../errors.js';
import { given } from './redis-connection.js';

export const FILE_KEYS = ['path', 'lockPath', 'lockPrefix', 'permission'];

/** Before the name of a lock since Laravel 12.36. */
const LOCK_PREFIX = 'file-store-lock:';

/** The folder of Laravel's `file` cache. */
export function readFile(common: Common, fields: Fields, folders: Folders): FileProfile {
  const path = fields.path('path', folders);
  if (path === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} has no path`,
      'Add the folder of the cache: path: storage/framework/cache/data',
    );
  }

  const lockPath = fields.path('lockPath', folders);
  return {
    driver: 'file',
    ...common,
    path,
    // Laravel's default configuration names the same folder twice.
    ...given('lockPath', lockPath === path ? undefined : lockPath),
    lockPrefix: fields.text('lockPrefix') ?? LOCK_PREFIX,
    ...given('permission', readPermission(fields)),
  };
}

/** `"0664"`, `0664` or `0o664`; YAML reads the second one as a decimal number. */
function readPermission(fields: Fields): number | undefined {
  const setting = fields.entries.get('permission');
  if (setting === undefined) return undefined;
  const text = setting.kind === 'scalar' ? (typeof setting.value === 'string' ? setting.value : setting.shown) : '';
  const [, digits] = /^(?:0o?)?([0-7]{3})$/.exec(text ?? '') ?? [];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  return fields.fail('permission', 'is not a file mode in octal digits', 'For example: permission: "0664"');
}
