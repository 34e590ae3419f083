import { expect } from 'chai';

import type { Waiting } from '../../../src/stores/contract/locks.js';

import { deferred, type Deferred } from '../../../src/async.js';
import { RefusedError, TimeoutError, UnreachableError } from '../../../src/errors.js';
import { ownProcess } from '../../../src/stores/locks/process.js';
import { OpenWaits, type WaiterRecords, waitersOf } from '../../../src/stores/locks/waiters.js';
import { until } from '../../../src/testing/suite/stores.js';

/** Statements that log their calls. `failures` are thrown by the next calls, one each. */
class Statements implements WaiterRecords {
  readonly calls: string[] = [];
  readonly failures: Error[] = [];
  /** Set to hold the next write. */
  gate: Deferred<void> | undefined;

  async join(): Promise<void> {
    await this.#call('join');
  }

  async renew(): Promise<void> {
    await this.#call('renew');
  }

  async leave(): Promise<void> {
    await this.#call('leave');
  }

  async #call(name: string): Promise<void> {
    this.calls.push(name);
    const failure = this.failures.shift();
    if (name !== 'leave') await this.gate?.promise;
    if (failure) throw failure;
  }
}

describe('waiters with a lease', () => {
  let waits: OpenWaits;
  let statements: Statements;

  const listener: Waiting = {
    longestPause: 250,
    async news() {
      return false;
    },
    async end() {
      statements.calls.push('end');
    },
  };

  function start(): Waiting {
    return waits.start({ listener, records: statements, table: 'locks', lock: 'deploy', owner: 'ann' });
  }

  beforeEach(() => {
    waits = new OpenWaits();
    statements = new Statements();
  });

  it('removes the record, then ends the listener, once', async () => {
    const waiting = start();
    expect(waits.listeners).to.deep.equal([listener]);
    await Promise.all([waiting.end(), waits.end()]);
    await waiting.end();
    expect(statements.calls).to.deep.equal(['join', 'leave', 'end']);
    expect(waits.listeners).to.deep.equal([]);
  });

  it('does not remove the record while it is being written', async () => {
    statements.gate = deferred();
    const ended = start().end();
    expect(statements.calls).to.deep.equal(['join']);
    statements.gate.resolve();
    await ended;
    expect(statements.calls).to.deep.equal(['join', 'leave', 'end']);
  });

  it('tries again to join after a timeout', async () => {
    statements.failures.push(new TimeoutError('locked', ''));
    const waiting = start();
    await until(() => statements.calls.length > 1);
    expect(statements.calls).to.deep.equal(['join', 'join']);
    await waiting.end();
  });

  it('leaves after an attempt to join that may have succeeded', async () => {
    statements.failures.push(new UnreachableError('lost', ''));
    await start().end();
    expect(statements.calls).to.deep.equal(['join', 'leave', 'end']);
  });

  it('stays invisible if it may not write', async () => {
    statements.failures.push(new RefusedError('read-only', ''));
    await start().end();
    expect(statements.calls).to.deep.equal(['join', 'end']);
  });

  it('omits a waiter whose process has ended, and invalid fields', () => {
    const own = ownProcess();
    const record = { owner: 'ann', since: new Date(0), attempts: 2 };
    expect(
      waitersOf([
        { ...own, ...record },
        { ...own, pid: -1, ...record },
        { host: 'elsewhere', space: '', pid: 7, owner: 7, since: new Date(Number.NaN), attempts: '2' },
      ]),
    ).to.deep.equal([{ name: `${own.host}:${own.pid}`, ...record }, { name: 'elsewhere:7' }]);
  });
});
