import { expect } from 'chai';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { onTwoStores, sqlitePlace } from '../support/places.js';
import { slowCommand, until } from '../support/slow-command.js';

describe('remember', () => {
  onTwoStores((place) => {
    const command = slowCommand();
    const kept = ['--ttl', '10m', '--'];

    /** The command's lock is free: acquire and release it. */
    const expectNoLock = async (key: string): Promise<void> => {
      expect((await place.run(['lock:run', `cachectl:remember:${key}`, '--', 'true'])).code).to.equal(0);
    };

    it("prints the command's output, error and exit code, and then the same from the cache", async () => {
      command.letGo();
      const args = ['remember', 'k', ...kept, ...command.prints('printf "a,b;"; echo told >&2')];
      expect(await place.run(args)).to.include({ code: 0, out: 'a,b;', err: 'told\n' });
      expect(await place.run(args)).to.include({ code: 0, out: 'a,b;', err: '' });
      expect(command.runs()).to.equal(1);
      expect((await place.run(['get', 'k', '--raw'])).out).to.equal(
        'a:2:{s:6:"stdout";s:4:"a,b;";s:8:"exitCode";i:0;}',
      );
      await expectNoLock('k');
    });

    it('keeps every byte', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const args = ['remember', 'binary', ...kept, process.execPath, '-e'];
      const script = `process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, index) => index)))`;
      expect((await place.run([...args, script])).outBytes.equals(bytes)).to.equal(true);
      expect((await place.run([...args, 'process.exit(9)'])).outBytes.equals(bytes)).to.equal(true);
    });

    if (place.tooLarge !== undefined && place.tooLarge < 2_000_000) {
      it('passes on output that the store does not take, with a warning', async () => {
        const { code, outBytes, err } = await place.run([
          'remember',
          'k',
          ...kept,
          'head',
          '-c',
          '2000000',
          '/dev/urandom',
        ]);
        expect({ code, length: outBytes.length }).to.deep.equal({ code: 0, length: 2_000_000 });
        expect(err).to.match(/^k was not stored: .*too large.*\n {2}.+\n$/);
        await expectNoLock('k');
      });
    }

    it('runs it once for eight concurrent callers', async () => {
      const args = ['remember', 'k', ...kept, ...command.prints('echo made')];
      const callers = Array.from({ length: 8 }, () => place.start(args));
      await command.hasRun(1);
      command.letGo();
      const results = await Promise.all(callers.map(async ({ ended }) => ended));
      for (const result of results) expect(result).to.include({ code: 0, out: 'made\n', err: '' });
      expect(command.runs()).to.equal(1);
    });

    it('lets another caller continue if the first one is killed', async () => {
      const args = ['remember', 'k', ...kept, ...command.prints('echo made')];
      const killed = place.start(args);
      await command.hasRun(1);
      const waiter = place.start(args);
      killed.child.kill('SIGKILL');
      await command.hasRun(2);
      command.letGo();
      expect(await waiter.ended).to.include({ code: 0, out: 'made\n' });
      expect((await place.run(args)).out).to.equal('made\n');
    });

    it('passes a failure on without storing it, unless requested', async () => {
      command.letGo();
      const args = (...flags: string[]): string[] => [
        'remember',
        'k',
        ...flags,
        ...kept,
        ...command.prints('echo no; exit 3'),
      ];
      expect(await place.run(args())).to.include({ code: 3, out: 'no\n', err: '' });
      expect((await place.run(['get', 'k'])).code).to.equal(1);
      expect(await place.run(args('--cache-failures'))).to.include({ code: 3, out: 'no\n' });
      expect(await place.run(args('--cache-failures'))).to.include({ code: 3, out: 'no\n' });
      expect(command.runs()).to.equal(2);
    });

    it('prints stale output at once and refreshes it in the background, like Laravel’s flexible', async () => {
      const args = (text: string): string[] => [
        'remember',
        'k',
        '--ttl',
        '1',
        '--stale',
        '1h',
        '--json',
        '--',
        ...command.prints(`echo ${text}`),
      ];
      command.letGo();
      const before = Math.floor(Date.now() / 1000);
      expect((await place.run(args('old'))).out).to.equal(
        `${String.raw`{"key":"k","hit":false,"stored":true,"stdout":"old\n","exitCode":0,"ttl":3601}`}\n`,
      );
      const createdKey = 'illuminate:cache:flexible:created:k';
      const created = Number((await place.run(['get', createdKey])).out);
      expect(created).to.be.within(before, Math.floor(Date.now() / 1000));
      command.hold();
      // An application that recomputes the entry keeps cachectl from doing so.
      const lock = 'illuminate:cache:flexible:lock:k';
      await place.run(['lock:acquire', lock, '--ttl', '1h', '--owner', 'aZ3kQ9sLmN1pR7tV']);
      let stale: Result;
      await until(async () => {
        stale = await place.run(args('new'));
        return stale.out.includes('"stale":true');
      });
      expect(stale!).to.include({ code: 0, err: '' });
      expect(stale!.out).to.include(String.raw`"hit":true,"stale":true,"stdout":"old\n"`);
      await place.run(['lock:release', lock, '--owner', 'aZ3kQ9sLmN1pR7tV']);
      expect(command.runs()).to.equal(1);
      expect((await place.run(args('new'))).out).to.include('"stale":true');
      await command.hasRun(2);
      // Later callers get the stale output, too, and start nothing.
      expect((await place.run(args('newer'))).out).to.include(String.raw`"stdout":"old\n"`);
      const shown = ['lock:show', lock, '--json'];
      expect(JSON.parse((await place.run(shown)).out)).to.include({ held: true, family: 'flexible' });
      command.letGo();
      await until(async () => (await place.run(['get', 'k'])).out.includes('new'));
      await until(async () => (await place.run(shown)).out.includes('"held":false'));
      expect(Number((await place.run(['get', createdKey])).out)).to.be.greaterThan(created);
      expect(command.runs()).to.equal(2);
    });

    it('shares an entry with an application with --value-only', async () => {
      const args = ['remember', 'version', '--value-only', '--stale', '1h', ...kept, ...command.prints('printf ours')];
      await place.run(['put', 'theirs', 'from PHP']);
      await place.run(['put', 'illuminate:cache:flexible:created:theirs', String(Math.floor(Date.now() / 1000))]);
      expect(await place.run(args.with(1, 'theirs'))).to.include({ code: 0, out: 'from PHP', err: '' });
      expect(command.runs()).to.equal(0);
      command.letGo();
      await place.run(['put', 'number', '42']);
      const asNumber = ['remember', 'number', '--value-only', ...kept, ...command.prints('printf 43')];
      expect((await place.run(asNumber)).out).to.equal('42');
      expect((await place.run(asNumber.toSpliced(2, 0, '--json'))).out).to.include('"stdout":"42"');
      await place.run(['put', 'version', 'nobody knows how old']);
      expect((await place.run(args)).out).to.equal('ours');
      expect((await place.run(['get', 'version', '-n'])).out).to.equal('ours');
      expect(command.runs()).to.equal(1);
    });

    it('refuses an entry that is no output, and overwrites it with --refresh', async () => {
      command.letGo();
      await place.run(['put', 'k', '["other"]', '--as', 'json']);
      const args = ['remember', 'k', ...kept, ...command.prints('echo made')];
      expectFault(await place.run(args), { code: 3, message: '"k" does not hold the output', hint: '--value-only' });
      expect((await place.run(args.toSpliced(2, 0, '--value-only'))).out).to.equal('["other"]\n');
      expect(command.runs()).to.equal(0);
      for (const runs of [1, 2]) {
        expect(await place.run(args.toSpliced(2, 0, '--refresh'))).to.include({ code: 0, out: 'made\n' });
        expect(command.runs()).to.equal(runs);
      }

      expect((await place.run(args)).out).to.equal('made\n');
      await expectNoLock('k');
    });

    it('stores it with tags', async () => {
      command.letGo();
      const args = ['remember', 'k', '--tags', 'reports', ...kept, ...command.prints('echo made')];
      await place.run(args);
      expect((await place.run(args)).out).to.equal('made\n');
      expect(command.runs()).to.equal(1);
      await place.run(['tags:flush', 'reports', '--yes']);
      await place.run(args);
      expect(command.runs()).to.equal(2);
    });

    it('forwards Ctrl-C, stores nothing, and leaves no lock', async () => {
      const args = ['remember', 'k', ...kept, ...command.prints('echo made')];
      const runner = place.start(args);
      await command.hasRun(1);
      const waiter = await place.run(args.toSpliced(2, 0, '--wait', '0'));
      expect(waiter).to.include({ code: 75, out: '' });
      expect(waiter.err).to.include('k is held by cachectl:');
      runner.child.kill('SIGINT');
      expect(await runner.ended).to.include({ code: 130, out: '' });
      expect((await place.run(['get', 'k'])).code).to.equal(1);
      await expectNoLock('k');
    });
  });
});

describe('remember on any store', () => {
  const place = sqlitePlace();
  const command = slowCommand();

  it('does not store the output of a command ended by a signal, even with exit code 0', async () => {
    const script = `trap 'echo partly; exit 0' TERM; printf begun >&2; while :; do sleep 0.05; done`;
    const run = place.start(['remember', 'k', '--ttl', '1m', '--cache-failures', '--', 'sh', '-c', script]);
    await run.saw('begun', 'err');
    run.child.kill('SIGTERM');
    expect(await run.ended).to.include({ code: 0, out: 'partly\n' });
    expect((await place.run(['get', 'k'])).code).to.equal(1);
  });

  it('ends a wait on Ctrl-C, while the running caller continues', async () => {
    const args = ['remember', 'k', '--ttl', '1m', '--', ...command.prints('echo made')];
    const runner = place.start(args);
    await command.hasRun(1);
    const waiter = place.start(args);
    await until(async () => {
      const { out } = await place.run(['lock:show', 'cachectl:remember:k', '--json']);
      return (JSON.parse(out) as { waiters: unknown[] }).waiters.length === 1;
    });
    waiter.child.kill('SIGINT');
    expect(await waiter.ended).to.include({ code: 130, out: '', err: 'error: interrupted; the command was not run\n' });
    command.letGo();
    expect(await runner.ended).to.include({ code: 0, out: 'made\n' });
  });

  it('passes a huge output on without storing it, also to a reader that leaves', async () => {
    const huge = ['remember', 'k', '--ttl', '1m', '--', 'head', '-c', '17000000', '/dev/zero'];
    const { code, outBytes, err } = await place.run(huge);
    expect({ code, length: outBytes.length }).to.deep.equal({ code: 0, length: 17_000_000 });
    expect(err).to.include('k was not stored: the command printed more than 16 MiB');
    const asJson = await place.run(huge.toSpliced(2, 0, '--json'));
    expect(asJson.code).to.equal(4);
    expect(JSON.parse(asJson.out)).to.have.property('error').that.includes({ code: 'partial' });
    const run = place.start(['remember', 'k', '--ttl', '1m', '--', 'yes']);
    await run.saw('y\n');
    run.child.stdout.destroy();
    expect((await run.ended).err).to.include('k was not stored');
  });

  it('stores the whole output though the reader left', async () => {
    const run = place.start([
      'remember',
      'k',
      '--ttl',
      '1m',
      '--',
      'sh',
      '-c',
      'echo one; read -r line < /dev/null; echo two',
    ]);
    run.child.stdout.destroy();
    await run.ended;
    expect((await place.run(['remember', 'k', '--ttl', '1m', '--', 'false'])).out).to.equal('one\ntwo\n');
  });

  it('passes the exit code on and refreshes stale output, though the reader left', async () => {
    command.letGo();
    const kept = ['--ttl', '1m', '--stale', '1h', '--cache-failures', '--'];
    const args = ['remember', 'k', ...kept, ...command.prints('head -c 1000000 /dev/zero; exit 5')];
    expect(await place.run(args)).to.include({ code: 5 });
    const left = async (): Promise<Result> => {
      const run = place.start(args);
      run.child.stdout.destroy();
      return run.ended;
    };

    expect(await left()).to.include({ code: 5, err: '' });
    expect(command.runs()).to.equal(1);
    const longAgo = String(Math.floor(Date.now() / 1000) - 100);
    await place.run(['put', 'illuminate:cache:flexible:created:k', longAgo, '--as', 'json']);
    expect(await left()).to.include({ code: 5, err: '' });
    await command.hasRun(2);
    const shown = ['lock:show', 'illuminate:cache:flexible:lock:k', '--json'];
    await until(async () => (await place.run(shown)).out.includes('"held":false'));
  });

  it('runs nothing if the store cannot be reached, or runs it anyway with --on-error run', async () => {
    command.letGo();
    const args = ['remember', 'k', '--ttl', '1m', '--', ...command.prints('echo made; exit 4')];
    const env = { CACHECTL_URL: 'redis://127.0.0.1:1' };
    expectFault(await cachectl(args, { env }), { code: 3, message: 'refuses connections' });
    expect(command.runs()).to.equal(0);
    const { code, out, err } = await cachectl(args.toSpliced(2, 0, '--on-error', 'run'), { env });
    expect({ code, out }).to.deep.equal({ code: 4, out: 'made\n' });
    expect(err).to.match(/^[^\n]+; running the command without a cache\n$/);
  });

  it('gives the command a standard output that can be opened by name', async () => {
    const result = await place.run([
      'remember',
      'k',
      '--ttl',
      '1m',
      '--',
      'sh',
      '-c',
      'echo one > /dev/stdout; echo two',
    ]);
    expect(result).to.include({ code: 0, out: 'one\ntwo\n', err: '' });
  });

  it('reports a command that cannot be started, and exits 127', async () => {
    const { code, err } = await place.run([
      'remember',
      'k',
      '--ttl',
      '1m',
      '--cache-failures',
      '--',
      'no-such-command',
    ]);
    expect(code).to.equal(127);
    expect(err).to.include('could not be started');
    expect((await place.run(['get', 'k'])).code).to.equal(1);
  });

  for (const [what, args, message] of [
    ['no command', ['k', '--ttl', '1m'], 'no command to run'],
    ['no key', ['--ttl', '1m', '--', 'date', '-u'], 'missing argument KEY'],
    ['no ttl', ['k', '--', 'date'], 'missing flag --forever or --ttl'],
    ['a ttl of nothing', ['k', '--ttl', '0', '--', 'date'], 'a TTL of 0 stores nothing'],
    [
      'an exit code that nobody keeps',
      ['k', '--ttl', '1m', '--value-only', '--cache-failures', '--', 'date'],
      'value-only',
    ],
  ] as const) {
    it(`requires better arguments: ${what}`, async () => {
      expectFault(await place.run(['remember', ...args]), { code: 2, message });
    });
  }
});
