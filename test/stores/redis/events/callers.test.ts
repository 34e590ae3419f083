import { expect } from 'chai';

import { Callers } from '../../../../src/stores/redis/events/callers.js';

describe('client names of Redis', () => {
  let list: string;
  const node = { call: async () => Buffer.from(list) };

  it('are requested once while they are fresh', async () => {
    const callers = new Callers(node);
    list = 'id=1 addr=10.0.0.1:1 name=web db=0\nid=2 addr=10.0.0.1:2 name= db=0\n';
    await callers.lookFor(['10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3']);
    list = '';
    await callers.lookFor(['10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3']);
    expect(['10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3'].map((each) => callers.nameOf(each))).to.deep.equal([
      'web',
      undefined,
      undefined,
    ]);
  });

  it('are not those of the former client at an address', async () => {
    const callers = new Callers(node, 0);
    callers.learn('10.0.0.1:1', 'web');
    callers.learn('10.0.0.1:2', 'web');
    list = 'id=7 addr=10.0.0.1:1 name= db=0\n';
    expect(callers.isKnown('10.0.0.1:1')).to.equal(false);
    await callers.lookFor(['10.0.0.1:1', '10.0.0.1:2']);
    expect(callers.nameOf('10.0.0.1:1')).to.equal(undefined);
    expect(callers.nameOf('10.0.0.1:2')).to.equal(undefined);
  });
});
