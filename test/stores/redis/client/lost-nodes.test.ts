import { expect } from 'chai';

import { lostNodes } from '../../../../src/stores/redis/client/lost-nodes.js';

const UP = 'a1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460 [93->-b1]';
const DOWN = 'b1 10.0.0.2:6379@16379,b.example master,fail - 1 1 2 disconnected 5461-10922';
const OTHER = 'c1 10.0.0.3:6379@16379 master - 0 1 3 connected 10923-12000 12002-16383';
const REPLICA = 'd1 10.0.0.4:6379@16379 slave,fail b1 1 1 2 disconnected';

describe('the lost nodes of a Redis cluster', () => {
  it('are the failed primaries, and the slots that no node has', () => {
    expect(lostNodes(`${[UP, DOWN, OTHER, REPLICA].join('\n')}\n`)).to.equal(
      'it has lost 10.0.0.2:6379 (slots 5461-10922); no node has slot 12001',
    );
  });

  it('are none while each slot is served', () => {
    const whole = [UP, DOWN.replace(',fail', ''), OTHER.replace('12002', '12001'), REPLICA];
    expect(lostNodes(`${whole.join('\n')}\n`)).to.equal('');
  });
});
