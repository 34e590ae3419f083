import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../../sql/context.js';

import { counted, warning } from '../../doctor/findings.js';
import { diagnose as diagnoseTables } from '../../sql/doctor/diagnosis.js';
import { dropLapsedTails, lapsedTails, tailedConnections } from '../events/lapsed-tails.js';

/** What is checked on every SQL server, and what a killed tail left behind. */
export async function* diagnose(context: SqlContext): AsyncGenerator<Finding> {
  yield* diagnoseTables(context);
  for (const connection of tailedConnections(context)) {
    const left = (await lapsedTails(connection)).length;
    if (left === 0) continue;
    const tails = counted(left, 'killed events:tail', 'killed events:tail');
    yield {
      ...warning(
        'leftovers',
        `${tails} left triggers on the tables, which do nothing any more`,
        'Run doctor --fix to drop them. The next events:tail also does so.',
      ),
      fix: { effect: `drops the triggers of ${tails}`, apply: async () => dropLapsedTails(connection) },
    };
  }
}
