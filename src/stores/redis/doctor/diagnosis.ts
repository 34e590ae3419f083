import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { clockFinding } from '../../doctor/clock-skew.js';
import { ok, skipped, warning } from '../../doctor/findings.js';
import { isUnavailable } from '../errors.js';
import { leftOver, restoreLeftOverSetting, wantedFlags } from '../events/notification-setting.js';
import { infoOf } from '../stats/info.js';
import { keyFindings } from './key-findings.js';
import { serverFindings } from './server-findings.js';

/** The most primaries of a cluster to check. */
const MAX_NODES = 16;

/** Check the configuration of the servers, and whether their contents match the profile. */
export async function* diagnose(context: RedisContext): AsyncGenerator<Finding> {
  const { connection, lockConnection } = context;
  const isShared = lockConnection === connection || (await areOneServer(connection, lockConnection));
  yield* setUp(connection, { entries: true, locks: isShared });
  if (!isShared) {
    for await (const finding of setUp(lockConnection, { entries: false, locks: true })) {
      yield { ...finding, subject: `${finding.subject} (locks)` };
    }
  }

  yield* notificationFindings(connection);
  const [node] = await connection.nodes();
  yield await clockOf(node!);
  yield* keyFindings(context);
}

/** On a cluster each subject has the node's address. */
async function* setUp(connection: Connection, holds: Parameters<typeof serverFindings>[1]): AsyncGenerator<Finding> {
  const nodes = await connection.nodes();
  for (const node of nodes.slice(0, MAX_NODES)) {
    for await (const finding of serverFindings(node, holds)) {
      yield nodes.length === 1 ? finding : { ...finding, subject: `${finding.subject} of ${node.id}` };
    }
  }

  if (nodes.length > MAX_NODES) {
    yield skipped('server', `checked the first ${MAX_NODES} of ${nodes.length} primaries`);
  }
}

/** Whether two connections lead to one server. Its databases share memory and eviction. */
async function areOneServer(one: Connection, other: Connection): Promise<boolean> {
  const ids = await Promise.all(
    [one, other].map(async (connection) => {
      const [node] = await connection.nodes();
      return (await infoOf(node!))?.get('run_id');
    }),
  );
  return ids[0] !== undefined && ids[0] === ids[1];
}

async function* notificationFindings(connection: Connection): AsyncGenerator<Finding> {
  const subject = 'notifications';
  const flags = await wantedFlags(connection);
  if (flags === undefined) {
    yield skipped(
      subject,
      'cannot check whether they are on: CONFIG is not allowed',
      'Ask the provider: events:tail needs notify-keyspace-events Eg$xem.',
    );
  } else if (flags.lacking === '') {
    yield ok(subject, `notify-keyspace-events is ${flags.set}: events:tail shows all events`);
  } else if (flags.isEnough) {
    yield ok(
      subject,
      `notify-keyspace-events is ${flags.set}: events:tail shows no evictions or misses (flags missing: ${flags.lacking})`,
    );
  } else if (connection.isCluster) {
    const wanted = 'events:tail and top need it on every node; events:tail prints the command';
    yield ok(subject, `notify-keyspace-events is "${flags.set}": ${wanted}`);
  } else {
    yield ok(
      subject,
      `notify-keyspace-events is "${flags.set}": events:tail and top need --enable, which turns it on while they run`,
    );
  }

  const left = connection.isCluster ? undefined : await leftOver(connection);
  if (left === undefined) return;
  yield {
    ...warning(
      subject,
      `a killed events:tail left notify-keyspace-events on, which costs the server CPU (it was "${left.restore}")`,
      'Run doctor --fix to restore it. The next events:tail also does so.',
    ),
    fix: {
      effect: `sets notify-keyspace-events back to "${left.restore}" and removes ${left.key} from database 0`,
      apply: async () => restoreLeftOverSetting(connection),
    },
  };
}

async function clockOf(node: Node): Promise<Finding> {
  try {
    return await clockFinding(async () => {
      const [seconds, microseconds] = (await node.call('TIME')) as readonly Buffer[];
      return { at: Number(seconds) * 1000 + Number(microseconds) / 1000, precisionMs: 0 };
    }, 'the server expires TTLs, the application sets the expiry of tagged entries');
  } catch (error) {
    if (isUnavailable(error)) return skipped('clock', 'this user may not run TIME');
    throw error;
  }
}
