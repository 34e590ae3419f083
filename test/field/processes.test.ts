import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Result, Run } from '../support/cli.js';

import { cachectl, start } from '../support/cli.js';
import { AT_TERMINAL, isRunning, numberOf, WITHOUT_TERMINAL } from '../support/jobs.js';
import { sqlitePlace } from '../support/places.js';
import { scratchFolder } from '../support/scratch.js';

const MODES = [
  ['without a terminal', WITHOUT_TERMINAL],
  ['at a terminal', AT_TERMINAL],
] as const;

/** A command whose child does the work, and its next step. */
const JOB = String.raw`echo us $PPID; sh -c "echo worker \$\$; exec sleep 600"; echo later`;
/** The same with a worker in the background, which ignores INT and QUIT, as shells have it. */
const BACKGROUND = 'echo us $PPID; sleep 600 & echo worker $!; wait; echo later';
/** Neither ends by TERM. */
const STUBBORN = String.raw`trap "" TERM; echo us $PPID; sh -c "echo worker \$\$; while :; do sleep 1; done"`;

for (const [mode, through] of MODES) {
  describe(`the whole job of lock:run, ${mode}`, () => {
    const place = sqlitePlace();

    async function started(script: string, ...flags: readonly string[]) {
      const env = { TERM: 'xterm' };
      const run = place.start(['lock:run', 'deploy', ...flags, '--', 'sh', '-c', script], { env, through });
      return { run, us: await numberOf(run, 'us'), worker: await numberOf(run, 'worker') };
    }

    async function expectFree(): Promise<void> {
      expect(await place.run(['lock:run', 'deploy', '--', 'echo', 'in'])).to.include({ code: 0, out: 'in\n' });
    }

    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const) {
      for (const [title, script] of [
        ['a worker', JOB],
        ['a worker in the background', BACKGROUND],
      ] as const) {
        it(`${signal} ends ${title} too, before the lock is released`, async () => {
          const { run, us, worker } = await started(script);
          process.kill(us, signal);
          const { code, out } = await run.ended;
          expect(isRunning(worker), 'the worker').to.equal(false);
          expect(code).to.equal(128 + constants.signals[signal]);
          expect(out).not.to.include('later');
          await expectFree();
        });
      }
    }

    it('is killed after the grace period if TERM does not end it', async () => {
      const { run, us, worker } = await started(STUBBORN, '--grace', '1s');
      process.kill(us, 'SIGTERM');
      expect((await run.ended).code).to.equal(128 + constants.signals.SIGKILL);
      expect(isRunning(worker), 'the worker').to.equal(false);
      await expectFree();
    });

    it('is stopped if the lock is lost, and killed after the grace period', async () => {
      const { run, worker } = await started(STUBBORN, '--ttl', '3s', '--grace', '1s');
      await place.run(['lock:release', 'deploy', '--force', '--yes']);
      expect((await run.ended).code).to.equal(76);
      expect(isRunning(worker), 'the worker').to.equal(false);
    });

    it('is ended even if it has its own process groups, as with timeout', async () => {
      const script = String.raw`echo us $PPID; timeout 600 sh -c "echo worker \$\$; exec sleep 600"`;
      const { run, us, worker } = await started(script);
      process.kill(us, 'SIGTERM');
      await run.ended;
      expect(isRunning(worker), 'the worker').to.equal(false);
    });

    it('is ended through another lock:run in between', async () => {
      const outer = `echo us $PPID; "$NODE" "$PROGRAM" lock:run other --url "$URL" sh -c "echo worker \\$\\$; exec sleep 600"`;
      const env = { TERM: 'xterm', NODE: process.execPath, PROGRAM: program(), URL: place.url() };
      const run = place.start(['lock:run', 'deploy', '--', 'sh', '-c', outer], { env, through });
      const [us, worker] = [await numberOf(run, 'us'), await numberOf(run, 'worker')];
      process.kill(us, 'SIGTERM');
      await run.ended;
      expect(isRunning(worker), 'the worker').to.equal(false);
      await expectFree();
      expect((await place.run(['lock:run', 'other', '--', 'true'])).code).to.equal(0);
    });

    it('may continue after the command has ended, with a notice', async () => {
      const script = 'echo us $PPID; sleep 600 >/dev/null 2>&1 </dev/null & echo worker $!; exit 7';
      const { run, worker } = await started(script);
      const { code, out, err } = await run.ended;
      expect(code).to.equal(7);
      expect(out + err).to.include(`deploy is released with 1 process of its command still running: sleep (${worker})`);
      // The shell handles what a closed terminal leaves behind.
      if (through === WITHOUT_TERMINAL) expect(isRunning(worker), 'the worker').to.equal(true);
      if (isRunning(worker)) process.kill(worker);
      await expectFree();
    });

    it('does not include daemons', async () => {
      const script = String.raw`echo us $PPID; setsid sh -c "echo worker \$\$; exec sleep 600 >/dev/null 2>&1 </dev/null" & wait $!`;
      const daemon = `${script.replace('& wait $!', '&')} sleep 0.1; trap "exit 3" TERM; echo ready; while :; do sleep 1; done`;
      const { run, us, worker } = await started(daemon);
      await run.saw('ready');
      process.kill(us, 'SIGTERM');
      const { code, out, err } = await run.ended;
      expect(code).to.equal(3);
      expect(out + err).not.to.include('still run');
      expect(isRunning(worker), 'the daemon').to.equal(true);
      process.kill(worker);
    });

    for (const signal of ['SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGXCPU', 'SIGUSR1', 'SIGIO', 'SIGABRT'] as const) {
      it(`${signal} reaches it, and leaves no lock`, async () => {
        const { run, us, worker } = await started(JOB);
        process.kill(us, signal);
        const { code } = await run.ended;
        expect(code).to.equal(128 + constants.signals[signal]);
        expect(isRunning(worker), 'the worker').to.equal(false);
        await expectFree();
      });
    }
  });

  describe(`remember, ${mode}`, () => {
    const place = sqlitePlace();

    async function started(script: string): Promise<Run> {
      const env = { TERM: 'xterm' };
      return place.start(['remember', 'k', '--ttl', '1m', '--', 'sh', '-c', script], { env, through });
    }

    it('ends a worker that holds its output open, and stores nothing', async () => {
      const run = await started(JOB);
      const [us, worker] = [await numberOf(run, 'us'), await numberOf(run, 'worker')];
      process.kill(us, 'SIGTERM');
      expect((await run.ended).code).to.equal(143);
      expect(isRunning(worker), 'the worker').to.equal(false);
      expect((await place.run(['get', 'k'])).code).to.equal(1);
    });

    it('does not wait for a background process that holds its output open', async () => {
      const run = await started('sleep 600 2>/dev/null & echo worker $!; echo done');
      const worker = await numberOf(run, 'worker');
      const { code, out, err } = await run.ended;
      expect(code).to.equal(0);
      expect(out).to.include('done');
      expect(out + err).to.include('still have its output open');
      if (through === WITHOUT_TERMINAL) expect(isRunning(worker), 'the worker').to.equal(true);
      if (isRunning(worker)) process.kill(worker);
      expect((await place.run(['remember', 'k', '--ttl', '1m', '--', 'false'])).out).to.include(
        `worker ${worker}\ndone\n`,
      );
    });
  });
}

describe('lock:run that is killed without a terminal', () => {
  const place = sqlitePlace();

  it('leaves no process at work, unless --on-lost warn', async () => {
    const args = ['--', 'sh', '-c', JOB];
    const run = place.start(['lock:run', 'a', ...args], { through: WITHOUT_TERMINAL });
    const other = place.start(['lock:run', 'b', '--on-lost', 'warn', ...args], { through: WITHOUT_TERMINAL });
    const [worker, free] = [await numberOf(run, 'worker'), await numberOf(other, 'worker')];
    process.kill(await numberOf(other, 'us'), 'SIGKILL');
    process.kill(await numberOf(run, 'us'), 'SIGKILL');
    while (isRunning(worker)) await nextTurn();
    expect(isRunning(free)).to.equal(true);
    process.kill(free);
  });
});

describe('a signal that was ignored at the start', () => {
  const place = sqlitePlace();
  const trapping = ['sh', '-c', `trap '' HUP TERM; "$@"; exit $?`, 'sh'];
  const nohup = ['bash', '-c', 'nohup "$@"', 'bash'];

  for (const [title, through, signals] of [
    ['trap', trapping, ['SIGHUP', 'SIGTERM']],
    ['nohup', nohup, ['SIGHUP']],
  ] as const) {
    for (const command of [
      ['lock:run', 'a'],
      ['remember', 'a', '--ttl', '1m'],
    ]) {
      it(`stays ignored in ${command[0]} and its command, by ${title}`, async () => {
        // The command gets the signals as well, and waits for a key.
        const own = signals.map((signal) => `kill -${signal.slice(3)} $$`).join('; ');
        const key = `until "$NODE" "$PROGRAM" get go --url "$URL" >/dev/null 2>&1; do sleep 0.1; done`;
        const script = `echo us $PPID > "$US"; ${own}; ${key}; echo done`;
        const file = path.join(scratchFolder('ignored'), 'us');
        const env = { NODE: process.execPath, PROGRAM: program(), URL: place.url(), US: file };
        const run = place.start([...command, '--', 'sh', '-c', script], { through, env });
        while (!existsSync(file) || readFileSync(file, 'utf8') === '') await nextTurn();
        const us = Number(readFileSync(file, 'utf8').slice('us '.length));
        for (const signal of signals) process.kill(us, signal);
        await place.run(['put', 'go', '1']);
        expect(await run.ended).to.include({ code: 0, out: 'done\n' });
      });
    }

    it(`does not end a wait for a lock, by ${title}`, async () => {
      await place.run(['lock:acquire', 'a', '--ttl', '1h', '--owner', 'ann']);
      const script = `echo us $$; exec "$@"`;
      const args = ['lock:run', 'a', '--wait', '10m', '--', 'echo', 'done'];
      const run = place.start(args, { through: [...through, 'sh', '-c', script, 'sh'] });
      const us = await numberOf(run, 'us');
      while (!(await place.run(['lock:show', 'a', '--json'])).out.includes('"waiters":[{')) await nextTurn();
      for (const signal of signals) process.kill(us, signal);
      await place.run(['lock:release', 'a', '--owner', 'ann']);
      const { code, out } = await run.ended;
      expect(code).to.equal(0);
      expect(out).to.include('done\n');
    });
  }
});

describe('at a terminal', () => {
  const place = sqlitePlace();
  const counting = `
    for (const name of ["SIGINT", "SIGUSR2", "SIGTERM", "SIGHUP"]) process.on(name, () => console.log("got " + name));
    process.stdin.on("data", (line) => { console.log("read " + line); process.exit(); });
    console.log("us " + process.ppid);
    setInterval(() => {}, 1000);`.replaceAll(/\s+/g, ' ');

  async function counted(...send: ReadonlyArray<(run: Run, us: number) => void>): Promise<Result> {
    const run = place.start(['lock:run', 'a', '--', process.execPath, '-e', counting], {
      through: AT_TERMINAL,
      env: { TERM: 'xterm' },
    });
    const us = await numberOf(run, 'us');
    for (const each of send) each(run, us);
    await run.saw('got');
    process.kill(us, 'SIGUSR2');
    await run.saw('got SIGUSR2');
    run.child.stdin.write('end\n');
    return run.ended;
  }

  it('Ctrl-C reaches the command once', async () => {
    const { code, out } = await counted((run) => run.child.stdin.write('\u0003'));
    expect(count(out, 'got SIGINT'), out).to.equal(1);
    expect(code).to.equal(0);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`kill -${signal.slice(3)} from elsewhere reaches the command once`, async () => {
      const { code, out } = await counted((_, us) => process.kill(us, signal));
      expect(count(out, `got ${signal}`), out).to.equal(1);
      expect(code).to.equal(0);
    });

    it(`${signal} to the process group reaches the command once`, async () => {
      const { out } = await counted((_, us) => process.kill(-us, signal));
      expect(count(out, `got ${signal}`), out).to.equal(1);
    });
  }

  it('Ctrl-Z suspends the command, and fg resumes it', async () => {
    const line = `"$NODE" "$PROGRAM" lock:run a --url "$URL" sh -c 'echo rea""dy; read line; echo "rea""d $line"'`;
    const env = { TERM: 'xterm', NODE: process.execPath, PROGRAM: program(), URL: place.url(), PS1: 'prompt> ' };
    const shell = ['sh', '-c', 'exec script -qec "bash --norc --noprofile -i" /dev/null'];
    const run = start([], { through: [...shell, 'sh'], env });
    await run.saw('prompt> ');
    run.child.stdin.write(`${line}\n`);
    await run.saw('ready');
    run.child.stdin.write('\u001A');
    await run.saw('Stopped');
    run.child.stdin.write('fg\n');
    run.child.stdin.write('hello\n');
    await run.saw('read hello');
    run.child.stdin.write('echo co""de $?; exit\n');
    await run.saw('code 0');
    await run.ended;
  });

  it('signals in a script reach the job but not the script', async () => {
    const script = `"$NODE" "$PROGRAM" lock:run a --url "$URL" sh -c "$JOB"; echo after`;
    const env = { TERM: 'xterm', NODE: process.execPath, PROGRAM: program(), URL: place.url(), JOB };
    const run = start([], { through: [...AT_TERMINAL, 'sh', '-c', script, 'sh'], env });
    const [us, worker] = [await numberOf(run, 'us'), await numberOf(run, 'worker')];
    process.kill(us, 'SIGTERM');
    const { code, out } = await run.ended;
    expect(out).to.include('after');
    expect(code).to.equal(0);
    expect(isRunning(worker), 'the worker').to.equal(false);
    expect((await cachectl(['lock:run', 'a', '--url', place.url(), '--', 'true'])).code).to.equal(0);
  });
});

function program(): string {
  return new URL('../../bin/run.js', import.meta.url).pathname;
}

function count(text: string, word: string): number {
  return text.split(word).length - 1;
}
