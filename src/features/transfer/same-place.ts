import type { Profile } from '../../profiles/profile.js';
import type { Store } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';

/** One end of a copy. */
export interface End {
  readonly store: Store;
  readonly profile: Profile;
}

/**
 * Between prefixes of one store a copy is fine, as long as it does not read what it writes.
 * @throws UsageError
 */
export function checkPlaces(from: End, to: End): void {
  if (placeOf(from) !== placeOf(to)) return;
  const [source, target] = [prefixOf(from), prefixOf(to)];
  if (source === target) {
    throw new UsageError(
      `${from.store.location} would be copied onto itself`,
      'Name another profile by --to, or another prefix.',
    );
  }

  if (!target.startsWith(source)) return;
  throw new UsageError(
    `what lies under "${target}" lies under "${source}", too, so that the copies would be copied again`,
    'Copy to a prefix that does not begin with the other.',
  );
}

/** All that goes before keys. */
function prefixOf({ profile }: End): string {
  return profile.driver === 'redis' ? profile.connectionPrefix + profile.prefix : profile.prefix;
}

/** Where keys are, as far as it can be seen from here. */
function placeOf({ profile }: End): string {
  switch (profile.driver) {
    case 'array': {
      return 'array';
    }

    case 'custom': {
      return JSON.stringify([profile.moduleUrl, profile.options]);
    }

    case 'memcached': {
      return JSON.stringify(profile.servers);
    }

    case 'mongodb': {
      return JSON.stringify([profile.url, profile.database, profile.collection]);
    }

    case 'redis': {
      const { kind, nodes, socket, primary, database } = profile.connection;
      return JSON.stringify([kind, nodes, socket, primary, database]);
    }

    case 'sqlite': {
      return JSON.stringify([profile.path, profile.table]);
    }
  }
}
