import type { Profile } from '../../profiles/profile.js';
import type { BulkOptions, Store } from '../../stores/contract/store.js';
import type { Tally } from './tally.js';

import { UsageError } from '../../errors.js';
import { prefetch } from '../../stores/listing/prefetch.js';
import { readPages } from './entry-reader.js';
import { EntryWriter } from './entry-writer.js';

export interface CopyOptions {
  readonly pattern: string;
  readonly ifAbsent: boolean;
  readonly dryRun: boolean;
  readonly tally: Tally;
  /** Estimated number of entries. */
  readonly total: number | undefined;
}

/** Copies entries from one store to another. Between stores of the same form the stored bytes are copied unread. */
export async function copyEntries(
  from: Store,
  to: Store,
  { pattern, ifAbsent, dryRun, tally, total }: CopyOptions,
  { signal, onProgress }: Required<BulkOptions>,
): Promise<void> {
  const onWritten = (): void => onProgress({ done: tally.written, ...(total !== undefined && { total }) });
  const writer = new EntryWriter(to, { ifAbsent, signal, tally, onWritten });
  const asStored = !ifAbsent && to.putStored !== undefined && from.storedForm === to.storedForm;
  const pages = readPages(from, { pattern, signal, asStored, valueOf: (reading) => reading.decode(), tally });
  for await (const page of prefetch(pages)) {
    const entries = [...page.entries];
    if (dryRun) tally.written += entries.length;
    else await writer.write(entries, page.readAt);
    onWritten();
    signal.throwIfAborted();
  }
}

export interface CopySide {
  readonly store: Store;
  readonly profile: Profile;
}

/**
 * Checks that a copy does not read what it writes. Between prefixes of one store it may copy.
 * @throws UsageError
 */
export function checkSides(from: CopySide, to: CopySide): void {
  if (locationOf(from) !== locationOf(to)) return;
  const [source, target] = [prefixOf(from), prefixOf(to)];
  if (source === target) {
    throw new UsageError(
      `${from.store.location} would be copied onto itself`,
      'Name another profile with --to, or use another prefix.',
    );
  }

  if (!target.startsWith(source)) return;
  throw new UsageError(
    `the prefix "${target}" begins with "${source}", so the copies would be copied again`,
    'Copy to a prefix that does not begin with the other.',
  );
}

/** Everything that precedes the keys. */
function prefixOf({ profile }: CopySide): string {
  return profile.driver === 'redis' ? profile.connectionPrefix + profile.prefix : profile.prefix;
}

/** Equal for profiles that name the same keyspace in the same way. */
function locationOf({ profile }: CopySide): string {
  switch (profile.driver) {
    case 'custom': {
      return JSON.stringify([profile.moduleUrl, profile.options]);
    }

    case 'file': {
      return profile.path;
    }

    case 'memcached': {
      return JSON.stringify(profile.servers);
    }

    case 'mongodb': {
      return JSON.stringify([profile.url, profile.database, profile.collection]);
    }

    case 'mysql':
    case 'postgres': {
      const { host, port, socket, database, searchPath } = profile.connection;
      return JSON.stringify([host, port, socket, database, searchPath, profile.table]);
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
