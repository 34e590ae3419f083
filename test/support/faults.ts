import { expect } from 'chai';

import type { Result } from './cli.js';

import { type RedisServer, startRedis } from './redis-server.js';

/** How a run must fail. */
export interface Fault {
  readonly code: number;
  /** Contained in the first line of the error. */
  readonly message: RegExp | string;
  /** Contained in the second line. */
  readonly hint?: string;
  /** Standard output; empty by default. */
  readonly out?: string;
}

/** Expect a proper failure: two lines at the end of standard error, without a library's message or a stack. */
export function expectFault({ code, out, err }: Result, fault: Fault): void {
  const [, message = '', hint = ''] = /(?:^|\n)error: ([^\n]+[^\n.])\n {2}([^\n]+)\n$/.exec(err) ?? [];
  expect(message, err).to.match(fault.message instanceof RegExp ? fault.message : new RegExp(escape(fault.message)));
  expect(hint).to.include(fault.hint ?? '');
  expect({ code, out }, err).to.deep.equal({ code: fault.code, out: fault.out ?? '' });
  expect(err).not.to.match(/^ {4}at |ioredis|unhandled|\[WARN]|node:internal/im);
  expect(err.match(/^error: /gm)).to.have.lengthOf(1);
}

/** The number of entries that the error reports as done. */
export function reportedCount(what: string, { err }: Result): number {
  const [, number = ''] = new RegExp(`${what} ([\\d,]+) entr(?:y|ies)`).exec(err) ?? [];
  expect(number, err).not.to.equal('');
  return Number(number.replaceAll(',', ''));
}

/** Start a server with these settings for the enclosing tests. */
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
