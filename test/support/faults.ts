import { expect } from 'chai';

import type { Result } from './cli.js';

import { type RedisServer, startRedis } from './redis-server.js';

/** How a run is to fail. */
export interface Fault {
  readonly code: number;
  /** The first line of the error holds it. */
  readonly message: RegExp | string;
  /** The second line holds it. */
  readonly hint?: string;
  /** What is on standard output; nothing, when left out. */
  readonly out?: string;
}

/** A run failed as it should: two lines on standard error at the end, and no word of a library or a stack. */
export function expectFault({ code, out, err }: Result, fault: Fault): void {
  const [, message = '', hint = ''] = /(?:^|\n)error: ([^\n]+[^\n.])\n {2}([^\n]+)\n$/.exec(err) ?? [];
  expect(message, err).to.match(fault.message instanceof RegExp ? fault.message : new RegExp(escape(fault.message)));
  expect(hint).to.include(fault.hint ?? '');
  expect({ code, out }, err).to.deep.equal({ code: fault.code, out: fault.out ?? '' });
  expect(err).not.to.match(/^ {4}at |ioredis|unhandled|\[WARN]|node:internal/im);
  expect(err.match(/^error: /gm)).to.have.lengthOf(1);
}

/** How many entries the error says were done. */
export function told(what: string, { err }: Result): number {
  const [, number = ''] = new RegExp(`${what} ([\\d,]+) entr(?:y|ies)`).exec(err) ?? [];
  expect(number, err).not.to.equal('');
  return Number(number.replaceAll(',', ''));
}

/** A server for the tests around it, with these settings. */
export function withRedis(...options: string[]): () => RedisServer {
  let redis: RedisServer;
  before(async function () {
    redis = await startRedis(this, ...options);
  });
  after(async () => redis?.stop());
  return () => redis;
}

function escape(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
