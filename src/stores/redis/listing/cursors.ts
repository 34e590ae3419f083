import type { ListEntriesOptions } from '../../contract/listing.js';
import type { Node } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { LostPlaceError } from '../../../errors.js';
import { literalHead } from '../../listing/glob.js';
import { END, scanAll, scanNode } from '../keys.js';
import { infoOf } from '../stats/info.js';

interface Placed {
  readonly page: readonly Buffer[];
  /** Where the listing goes on behind the page; undefined where it is not asked for, or cannot. */
  readonly place?: string;
}

/**
 * A scan that tells its places, and goes on at one: `run-id cursor`. A cursor means the same for as long as the server runs,
 * to every connection and however its table grows or shrinks; a server that starts anew orders its keys otherwise. In a
 * cluster slots may move to a server that has been scanned already, so there are no places.
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
  // There is nothing behind the end.
  if (after !== undefined && cursor === END) return;
  for await (const { page, cursor: next } of scanNode(node!, keys, { signal, head, cursor })) {
    yield { page, place: `${runId ?? UNKNOWN} ${next}` };
  }
}

/** In place of the run id of a server that may not be asked for it: such a place is told, and lost at once. */
const UNKNOWN = '?';

/** Undefined where it may not be asked. */
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
