import { expect } from 'chai';

import { Seen } from '../../../src/codecs/compression/seen.js';

describe('the table of seen positions', () => {
  it('has only positions of this text, the first of which counts as none', () => {
    const seen = new Seen(4);
    seen.begin(10);
    expect([seen.noted(3, 0), seen.noted(3, 5), seen.noted(3, 9)]).to.deep.equal([0, 0, 5]);
    seen.begin(10);
    expect([seen.noted(3, 2), seen.noted(3, 7)]).to.deep.equal([0, 2]);
  });

  it('forgets them if there is no room for more texts', () => {
    const seen = new Seen(4);
    seen.begin(2 ** 31);
    seen.note(3, 2 ** 31 - 1);
    seen.begin(2 ** 31);
    expect(seen.noted(3, 1)).to.equal(0);
    expect(seen.noted(3, 2)).to.equal(1);
  });
});
