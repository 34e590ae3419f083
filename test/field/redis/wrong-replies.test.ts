import { expect } from 'chai';
import { connect, createServer, type Server } from 'node:net';

import { cachectl } from '../../support/cli.js';
import { freePort, type RedisServer, startRedis } from '../../support/redis-server.js';

/** Commands that a client sends before its first own one. They are answered by the server. */
const SETUP = /^(?:hello|info|client|auth|select|ping|config|cluster|command|readonly)$/i;

/** Replies that parse, of types that mostly do not belong there. */
const REPLIES = { 'a status': '+OK\r\n', 'an integer': ':1\r\n', nothing: '$-1\r\n', 'an empty list': '*0\r\n' };

const COMMANDS = [
  ['put', 'k', 'v', '--ttl', '1m'],
  ['put', 'k', 'v', '--tags', 't'],
  ['increment', 'k'],
  ['keys'],
  ['keys', '--count'],
  ['flush', '--yes'],
  ['flush', '--pattern', 'k*', '--yes'],
  ['tags:list'],
  ['tags:flush', 't', '--yes'],
  ['tags:show', 't'],
  ['tags:prune'],
  ['lock:list'],
  ['lock:release', 'l', '--owner', 'ann'],
  ['export'],
];

/** Replies that are neither an error nor a confirmation. */
const NOTHING_DONE: ReadonlySet<string> = new Set(['tags:list', 'tags:show', 'keys', 'lock:list', 'export']);

/** A wrong reply of the right type cannot be detected. */
function isHarmless([name]: readonly string[], reply: string): boolean {
  return NOTHING_DONE.has(name!) || reply === REPLIES['an integer'] || reply === REPLIES['a status'];
}

describe('replies of the wrong type', () => {
  let redis: RedisServer;
  let fake: Server | undefined;

  before(async function () {
    redis = await startRedis(this, '--save', '');
  });

  beforeEach(async () => {
    await redis.flush();
    await redis.client.set('p-k', 'i:1;');
  });

  afterEach(() => fake?.close());

  after(async () => redis?.stop());

  for (const [what, reply] of Object.entries(REPLIES)) {
    it(`end a command with an error, or do nothing: ${what}`, async () => {
      const url = `redis://127.0.0.1:${await answering(reply)}?prefix=p-`;
      for (const args of COMMANDS) {
        const { code, err } = await cachectl([...args, '--url', url, '--timeout', '5s']);
        const shown = `${args.join(' ')}: exit ${String(code)}, ${err}`;
        expect(err, shown).not.to.match(/bug in cachectl|at .*\.js:\d/);
        if (code === 0) expect(isHarmless(args, reply), shown).to.equal(true);
        else expect(code, shown).to.be.oneOf([1, 3, 4]);
      }

      expect(await redis.client.get('p-k')).to.equal('i:1;');
    });
  }

  /** A server that answers every command but those of the set-up with `reply`. */
  async function answering(reply: string): Promise<number> {
    const port = await freePort();
    fake = createServer((client) => {
      const upstream = connect(redis.port, '127.0.0.1');
      client.on('error', () => {}).on('close', () => upstream.destroy());
      upstream.on('error', () => {}).on('data', (chunk) => client.write(chunk));
      let rest = '';
      client.on('data', (chunk) => {
        rest += chunk.toString('latin1');
        for (let command = firstCommand(rest); command !== undefined; command = firstCommand(rest)) {
          rest = rest.slice(command.length);
          const [, name = ''] = /^\*\d+\r\n\$\d+\r\n(\w+)/.exec(command) ?? [];
          if (SETUP.test(name)) upstream.write(Buffer.from(command, 'latin1'));
          else client.write(reply);
        }
      });
    }).listen(port, '127.0.0.1');
    return port;
  }
});

/** The bytes (`latin1`) of the first command, once it is complete. */
function firstCommand(text: string): string | undefined {
  const [head = '', parts] = /^\*(\d+)\r\n/.exec(text) ?? [];
  let end = head.length;
  for (let left = Number(parts); left > 0; left--) {
    const [size = '', length] = /^\$(\d+)\r\n/.exec(text.slice(end, end + 20)) ?? [];
    end += size.length + Number(length) + 2;
    if (size === '' || end > text.length) return undefined;
  }

  return head === '' ? undefined : text.slice(0, end);
}
