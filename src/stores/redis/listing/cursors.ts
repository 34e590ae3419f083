import type { ListEntriesOptions } from '../../contract/listing.js';
import type { Node } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { LostPlaceError } from '../../../errors.js';
import { literalHead } from '../../listing/glob.js';
import { END, scanAll, scanNode } from '../keys.js';
import { infoOf } from '../stats/info.js';

interface Placed {
  readonly page: readonly Buffer[];
  /** The position after the page; undefined if not requested or not available. */
  readonly place?: string;
}

/**
 * Scan and report positions (`run-id cursor`) at which a later scan can resume. A cursor is valid for any connection
 * until the server restarts, which changes the order of keys. In a cluster a slot can move to a server that was already
 * scanned, so there are no positions.
 */
export async function* scanWithPlaces(
  { connection, keys }: RedisContext,
  { signal, pattern = '*', places, after }: ListEntriesOptions,
): AsyncGenerator<Placed> {
  const head = literalHead(pattern);
  if (connection.isCluster || !(places || after !== undefined)) {
    for await (const page of scanAll(connection, keys, signal, head)) yield { page };
    return;
  }

  const [node] = await connection.nodes();
  const runId = await runIdOf(node!);
  const cursor = after === undefined ? END : cursorIn(after, runId);
  // The earlier listing was complete.
  if (after !== undefined && cursor === END) return;
  for await (const { page, cursor: next } of scanNode(node!, keys, { signal, head, cursor })) {
    yield { page, place: `${runId ?? UNKNOWN} ${next}` };
  }
}

/** Stands in for the run id if INFO is forbidden. Such a position cannot be resumed. */
const UNKNOWN = '?';

/** Undefined if INFO is forbidden. */
async function runIdOf(node: Node): Promise<string | undefined> {
  const info = await infoOf(node);
  return info?.get('run_id');
}

/** @throws LostPlaceError */
function cursorIn(place: string, runId: string | undefined): string {
  const [id, cursor = ''] = place.split(' ');
  if (id === runId && /^\d+$/.test(cursor)) return cursor;
  throw new LostPlaceError('the server was restarted or replaced', 'Start the listing from the beginning.');
}
