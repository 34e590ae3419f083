import { expect } from 'chai';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Database } from '../support/database.js';
import { onEveryStore, sqlitePlace } from '../support/places.js';

const NODE = process.execPath;

describe('lock:run', () => {
  onEveryStore((place) => {
    it('runs the command with its input, output and error, and passes its exit code on', async () => {
      const script = `process.stdin.pipe(process.stdout); console.error('told'); process.exitCode = 7`;
      const run = await place.run(['lock:run', 'deploy', '--', NODE, '-e', script], { input: 'a\nb' });
      expect(run).to.include({ code: 7, out: 'a\nb', err: 'told\n' });
    });

    it('gives the command the name and the owner, and releases the lock', async () => {
      const script = 'echo $CACHECTL_LOCK_NAME; echo $CACHECTL_LOCK_OWNER';
      const { out } = await place.run(['lock:run', 'deploy', '--', 'sh', '-c', script]);
      expect(out).to.match(/^deploy\ncachectl:\S+\n$/);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });

    it('exits 75 without running the command if someone else holds the lock, or 0 with --skip-if-locked', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--owner', 'ann']);
      const refused = await place.run(['lock:run', 'deploy', '--', 'echo', 'ran']);
      expect(refused).to.include({ code: 75, out: '' });
      expect(refused.err).to.include('deploy is held by ann');
      expect(await place.run(['lock:run', 'deploy', '--skip-if-locked', '--', 'echo', 'ran'])).to.include({
        code: 0,
        out: '',
      });
    });

    it('waits with --wait', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '1', '--owner', 'ann']);
      expect(await place.run(['lock:run', 'deploy', '--wait', '30s', '--', 'echo', 'ran'])).to.include({
        code: 0,
        out: 'ran\n',
      });
    });

    it('exits 127 for a missing command, and releases the lock', async () => {
      const { code, err } = await place.run(['lock:run', 'deploy', '--', 'no-such-command']);
      expect(code).to.equal(127);
      expect(err).to.include('could not be started: no-such-command: command not found');
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });

    it('exits 126 for a command that cannot be executed, and releases the lock', async () => {
      const { code, err } = await place.run(['lock:run', 'deploy', '--', `${NODE}/x`]);
      expect(code).to.equal(126);
      expect(err).to.include(`could not be started: ${NODE}/x: a part of its path is not a folder`);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });

    it('keeps the lock while the command runs, whatever its TTL', async () => {
      const holder = place.start(['lock:run', 'deploy', '--ttl', '3', '--', 'sh', '-c', 'echo held; cat']);
      await holder.saw('held');
      // Longer than the TTL, by the server's clock: a lock that is renewed cannot be acquired meanwhile.
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '3', '--wait', '5'])).code).to.equal(1);
      holder.child.stdin.end();
      expect(await holder.ended).to.have.property('code', 0);
    });

    it('forwards signals, waits for the command to end, and releases the lock', async () => {
      const script = `process.on('SIGTERM', () => { console.log('tidied'); process.exit(9); }); console.log('ready'); setInterval(() => {}, 1000)`;
      const run = place.start(['lock:run', 'deploy', '--ttl', '60', '--', NODE, '-e', script]);
      await run.saw('ready');
      run.child.kill('SIGTERM');
      expect(await run.ended).to.include({ code: 9, out: 'ready\ntidied\n' });
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });

    it('stops the command if the lock is broken, and exits 76', async () => {
      const run = place.start(['lock:run', 'deploy', '--ttl', '3', '--', 'sh', '-c', 'echo held; exec sleep 600']);
      await run.saw('held');
      await place.run(['lock:release', 'deploy', '--force', '--yes']);
      const { code, err } = await run.ended;
      expect(code).to.equal(76);
      expect(err).to.include('deploy was lost while the command ran');
    });

    it('notices that the lock expired during a suspension', async () => {
      const run = place.start(['lock:run', 'deploy', '--ttl', '3', '--', 'sh', '-c', 'echo held; exec sleep 600']);
      await run.saw('held');
      run.child.kill('SIGSTOP');
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '20'])).code).to.equal(0);
      run.child.kill('SIGCONT');
      expect(await run.ended).to.have.property('code', 76);
    });

    it('keeps the command running with --on-lost warn', async () => {
      const run = place.start([
        'lock:run',
        'deploy',
        '--ttl',
        '3',
        '--on-lost',
        'warn',
        '--',
        'sh',
        '-c',
        'echo held; cat; exit 5',
      ]);
      await run.saw('held');
      await place.run(['lock:release', 'deploy', '--force', '--yes']);
      await run.saw('was lost', 'err');
      run.child.stdin.end('still here');
      expect(await run.ended).to.include({ code: 5, out: 'held\nstill here' });
    });

    it('allows several holders with --slots, under the names of Laravel’s funnel', async () => {
      const args = ['lock:run', 'import', '--slots', '2', '--', 'sh', '-c', 'echo held $CACHECTL_LOCK_NAME; cat'];
      const runs = [place.start(args), place.start(args)];
      await Promise.all(runs.map(async (run) => run.saw('held')));
      expect((await place.run(args)).code).to.equal(75);
      expect((await place.run(['lock:acquire', 'import2', '--ttl', '60'])).code).to.equal(1);
      for (const run of runs) run.child.stdin.end();
      const ended = await Promise.all(runs.map(async (run) => run.ended));
      expect(ended.map(({ out }) => out)).to.have.members(['held import1\n', 'held import2\n']);
      expect((await place.run(['lock:acquire', 'import2', '--ttl', '60'])).code).to.equal(0);
    });

    it('requires a name, a command, and a TTL that ends', async () => {
      expect((await place.run(['lock:run', 'deploy'])).code).to.equal(2);
      expect((await place.run(['lock:run', '--', 'echo', 'ran'])).code).to.equal(2);
      expect((await place.run(['lock:run', 'deploy', '--', ''])).err).to.include('the command is empty');
      expect((await place.run(['lock:run', 'deploy', '--ttl', '0', '--', 'true'])).code).to.equal(2);
    });
  });

  describe('on any store', () => {
    const place = sqlitePlace();

    it('runs the command as typed, with repeated words and its own --', async () => {
      const print = ['echo', '30', 'deploy', '--', '-n', '--ttl', '30', '--json', '', 'deploy'];
      const { code, out } = await place.run(['lock:run', 'deploy', '--ttl', '30', '--', ...print]);
      expect(code).to.equal(0);
      expect(out).to.equal('30 deploy -- -n --ttl 30 --json  deploy\n');
    });

    it('takes a name that begins with a dash after --', async () => {
      const { out } = await place.run(['lock:run', '--', '-x', 'sh', '-c', 'echo $CACHECTL_LOCK_NAME']);
      expect(out).to.equal('-x\n');
    });

    for (const signal of ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
      it(`forwards ${signal} too`, async () => {
        const script = `process.on('${signal}', () => { console.log('heard'); process.exit(9); }); console.log('ready'); setInterval(() => {}, 1000)`;
        const run = place.start(['lock:run', 'deploy', '--ttl', '60', '--', NODE, '-e', script]);
        await run.saw('ready');
        run.child.kill(signal);
        expect(await run.ended).to.include({ code: 9, out: 'ready\nheard\n' });
        expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
      });
    }

    it('does not end by a signal before it has released the lock', async () => {
      const run = place.start(['lock:run', 'deploy', '--timeout', '60', '--', 'sh', '-c', 'echo $$; cat; exit 5']);
      await run.saw('\n');
      const command = Number(run.output());
      const writer = new Database(fileURLToPath(place.url().replace('sqlite:', 'file:').split('?', 1)[0]!));
      writer.exec('BEGIN IMMEDIATE');
      run.child.stdin.end();
      while (runs(command)) await nextTurn();
      run.child.kill('SIGTERM');
      writer.exec('COMMIT');
      writer.close();
      expect((await run.ended).code).to.equal(5);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });
  });
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
