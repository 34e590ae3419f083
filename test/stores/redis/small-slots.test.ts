import { expect } from 'chai';

import type { Reply, Session } from '../../../src/stores/redis/client/command.js';

import { RefusedError } from '../../../src/errors.js';
import { hasSmallSlots } from '../../../src/stores/redis/listing/small-slots.js';

describe('a flush slot by slot', () => {
  const FULL = ['12', '1000', '0', '40'];

  for (const [what, size, largest, expected] of [
    ['is for a node with more keys than slots', '16384', FULL, true],
    ['does not pay for fewer keys', '16383', FULL, false],
    ['would take too long where a slot has more than a thousand keys', '20000', ['12', '1001', '0', '40'], false],
    ['is left where the server does not tell', '20000', [...FULL.slice(1), new RefusedError('no', 'hint')], false],
  ] as const) {
    it(what, async () => expect(await hasSmallSlots(node(size, largest))).to.equal(expected));
  }
});

/** A node that answers DBSIZE and the scripts. */
function node(size: string, largest: ReadonlyArray<Error | Reply>): Session {
  const batch: Session['batch'] = async ([command]) => (command![0] === 'DBSIZE' ? [size] : [...largest]);
  return { batch, call: async () => null };
}
