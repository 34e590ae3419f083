import type { Finding } from '../../contract/store.js';
import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { ok, skipped, warning } from '../../doctor/findings.js';

/** The privileges that a command needs, with MongoDB's names. */
interface Need {
  /** As typed: `flush`. */
  readonly command: string;
  readonly place: 'collection' | 'lockCollection';
  readonly actions: readonly string[];
}

const NEEDS: readonly Need[] = [
  { command: 'get, keys', place: 'collection', actions: ['find'] },
  { command: 'put, add, increment, touch', place: 'collection', actions: ['find', 'insert', 'update'] },
  { command: 'forget, flush, tags:flush', place: 'collection', actions: ['find', 'remove'] },
  { command: 'pull', place: 'collection', actions: ['find', 'update', 'remove'] },
  { command: 'lock:acquire, lock:refresh', place: 'lockCollection', actions: ['find', 'insert', 'update'] },
  { command: 'lock:release', place: 'lockCollection', actions: ['find', 'remove'] },
  { command: 'lock:list', place: 'lockCollection', actions: ['find'] },
  { command: 'events:tail', place: 'collection', actions: ['changeStream'] },
  { command: 'doctor --fix (indexes)', place: 'collection', actions: ['createIndex'] },
];

interface Privilege {
  readonly resource: {
    readonly db?: string;
    readonly collection?: string;
    readonly anyResource?: boolean;
  };
  readonly actions: readonly string[];
}

/** Report the user, and the commands that the server would refuse. */
export async function* rights(connection: Connection): AsyncGenerator<Finding> {
  const { database } = connection.profile;
  let answer;
  try {
    answer = await connection.run(async ({ command }) =>
      command('server', { connectionStatus: 1, showPrivileges: true }),
    );
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    yield ok('login', 'authenticated');
    yield skipped('permissions', 'cannot check what this user may do (connectionStatus)');
    return;
  }

  const info = (answer.authInfo ?? {}) as {
    readonly authenticatedUsers?: ReadonlyArray<{ readonly user: string; readonly db: string }>;
    readonly authenticatedUserPrivileges?: readonly Privilege[];
  };
  const [user] = info.authenticatedUsers ?? [];
  if (user === undefined) {
    const hasUser = /\/\/[^/]*@/.test(connection.profile.url);
    yield ok('login', hasUser ? 'authenticated; the server reports no user' : 'no authentication required');
    return;
  }

  yield ok('login', `authenticated as "${user.user}" (database ${user.db})`);
  const privileges = info.authenticatedUserPrivileges ?? [];
  const unable = NEEDS.flatMap(({ command, place, actions }) => {
    const collection = connection.profile[place];
    const missing = actions.filter((action) => !isGranted(privileges, action, { database, collection }));
    return missing.length === 0 ? [] : [`${command} (${missing.join(', ')} on ${collection})`];
  });
  if (unable.length === 0) yield ok('permissions', `user ${user.user} may run every command that cachectl uses`);
  else {
    const hint = `Grant it the role readWrite on the database ${database}, or a custom role with these actions.`;
    yield warning('permissions', `user ${user.user} may not ${unable.join('; ')}`, hint);
  }
}

/** An empty name means all. */
function isGranted(
  privileges: readonly Privilege[],
  action: string,
  { database, collection }: { readonly database: string; readonly collection: string },
): boolean {
  return privileges.some(({ resource, actions }) => {
    if (!actions.includes(action) && !actions.includes('anyAction')) return false;
    if (resource.anyResource === true) return true;
    return covers(resource.db, database) && covers(resource.collection, collection);
  });
}

function covers(name: string | undefined, wanted: string): boolean {
  return name === '' || name === wanted;
}
