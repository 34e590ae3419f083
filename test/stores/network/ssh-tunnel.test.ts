import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RedisServer } from '../../support/redis-server.js';
import type { SshServer } from '../../support/ssh-server.js';

import { cachectl, type Result, start } from '../../support/cli.js';
import { startSilentServer } from '../../support/fault-proxy.js';
import { freePort, startRedis } from '../../support/redis-server.js';
import { requireProgram } from '../../support/requirements.js';
import { scratchFolder } from '../../support/scratch.js';
import { startSshServer } from '../../support/ssh-server.js';
import { onTerminal } from '../../support/terminal.js';

describe('The ssh option of a profile', () => {
  let bastion: SshServer;
  let redis: RedisServer;
  const folder = scratchFolder('tunnel');

  before(async function () {
    redis = await startRedis(this);
    bastion = await startSshServer(this);
    writeProfiles();
  });

  beforeEach(async () => redis.flush());

  after(async () => {
    await bastion?.stop();
    await redis?.stop();
  });

  function writeProfiles(more: Readonly<Record<string, unknown>> = {}): void {
    const url = `redis://localhost:${redis.port}/0`;
    const shop = { driver: 'redis', url, prefix: 'shop-', ssh: bastion.settings };
    writeFileSync(path.join(folder, 'cachectl.yaml'), JSON.stringify({ default: 'shop', profiles: { shop, ...more } }));
  }

  async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
    return cachectl(args, { cwd: folder, env });
  }

  /** The processes of ssh that serve these tests. */
  function tunnels(): readonly string[] {
    const rows = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
    const ours = rows.filter((row) => row.includes(bastion.settings.config) && row.includes(' -D '));
    return ours.map((row) => row.trim().split(' ')[0]!);
  }

  async function noTunnels(): Promise<void> {
    // ssh logs out first.
    while (tunnels().length > 0) await sleep(20);
  }

  async function fails(ssh: unknown, more: object = {}, args: readonly string[] = ['get', 'a']): Promise<Result> {
    const url = `redis://localhost:${redis.port}/0`;
    writeProfiles({ wrong: { driver: 'redis', url, ssh, ...more } });
    const result = await run([...args, '--profile', 'wrong']);
    writeProfiles();
    return result;
  }

  it('puts, gets and locks', async () => {
    expect(await run(['put', 'a', '1'])).to.include({ code: 0, err: '' });
    expect(await run(['get', 'a'])).to.include({ code: 0, out: '1\n', err: '' });
    const locked = await run(['lock:run', 'deploy', '--', 'sh', '-c', 'echo inside']);
    expect(locked).to.include({ code: 0, out: 'inside\n', err: '' });
    await noTunnels();
  });

  it('tails events, and reconnects with a new tunnel if ssh ended', async () => {
    const tail = start(['events:tail', '--enable', '--json'], { cwd: folder });
    tail.child.stdin.end();
    await until(async () => {
      await redis.client.set('shop-first', 'i:1;');
      return tail.output().includes('first');
    });
    for (const pid of tunnels()) process.kill(Number(pid), 'SIGKILL');
    await tail.saw('reconnecting', 'err');
    await until(async () => {
      await redis.client.set('shop-second', 'i:1;');
      return tail.output().includes('second');
    });
    tail.child.kill('SIGINT');
    await tail.ended;
    await noTunnels();
  });

  it('leaves no ssh behind, even if cachectl is killed', async () => {
    const tail = start(['events:tail', '--enable'], { cwd: folder });
    await until(async () => {
      await redis.client.set('shop-first', 'i:1;');
      return tail.output().includes('first');
    });
    expect(tunnels()).to.have.length(1);
    tail.child.kill('SIGKILL');
    await tail.ended;
    await noTunnels();
  });

  it('is a step of doctor', async () => {
    const { code, out } = await run(['doctor', '--read-only']);
    expect(code).to.equal(0);
    expect(out).to.match(new RegExp(`^ok\\tssh tunnel\\t${bastion.settings.destination} in \\d+ ms$`, 'm'));
    expect(out).to.contain(`through ssh ${bastion.settings.destination}`);
  });

  it('can be a parameter of a URL', async () => {
    const url = `redis://localhost:${redis.port}/0?ssh=nobody%40127.0.0.1`;
    const { code, err } = await run(['get', 'a', '--url', url]);
    expect(code).to.equal(3);
    expect(err).to.contain('cannot open the ssh tunnel through nobody@127.0.0.1: ');
  });

  it('is shown by profile:show, and opened by no command on profiles', async () => {
    const shown = await run(['profile:show', 'shop']);
    expect(shown.out).to.contain(`ssh.destination\t${bastion.settings.destination}\t`);
    expect(shown.out).to.contain(`ssh.config\t${bastion.settings.config}\t`);
    writeProfiles({ other: { driver: 'redis', url: 'redis://cache.internal', ssh: 'deploy@bastion.invalid' } });
    const listed = await run(['profile:list']);
    expect(listed).to.include({ code: 0, err: '' });
    expect(listed.out).to.contain('cache.internal:6379, database 0, through ssh deploy@bastion.invalid');
    expect((await run(['profile:check'])).code).to.equal(0);
    writeProfiles();
  });

  it('asks at a terminal for the passphrase, and whether to trust the host key', async function () {
    requireProgram(this, 'script');
    const file = (name: string): string => path.join(folder, name);
    execFileSync('cp', [bastion.settings.config.replace(/config$/, 'user'), file('locked')]);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'letmein', '-f', file('locked')]);
    const lines = [`IdentityFile ${file('locked')}`, `UserKnownHostsFile ${file('seen')}`, 'StrictHostKeyChecking ask'];
    writeFileSync(file('asking'), ['Host *', 'IdentitiesOnly yes', ...lines, ''].join('\n  '));
    const url = `redis://localhost:${redis.port}/0`;
    writeProfiles({ asking: { driver: 'redis', url, ssh: { ...bastion.settings, config: file('asking') } } });
    await redis.client.set('a', 's:1:"v";');
    const { code, screen } = await onTerminal(
      ['get', 'a', '--profile', 'asking', '--config', file('cachectl.yaml')],
      { HOME: folder },
      { prompt: '(yes/no/[fingerprint])?', keys: 'yes\r' },
      { prompt: /Enter passphrase for key .*: /, keys: 'letmein\r' },
    );
    expect(code, screen).to.equal(0);
    expect(screen).to.match(/\nv\r?\n$/);
  });

  describe('names what failed', () => {
    it('a bastion that refuses connections', async () => {
      const { destination, config } = bastion.settings;
      const { code, err } = await fails({ destination, config, port: await freePort() });
      expect(code).to.equal(3);
      expect(err).to.match(
        /^error: cannot open the ssh tunnel through \S+: ssh: connect to host .* Connection refused\n/,
      );
      expect(err).to.match(/\n {2}Check the bastion by hand: ssh -F \S+ -p \d+ \S+@127.0.0.1\n$/);
    });

    it('an unknown host key', async () => {
      const config = path.join(folder, 'strict');
      writeFileSync(config, `Host *\n  UserKnownHostsFile ${folder}/none\n  StrictHostKeyChecking yes\n`);
      const { code, err } = await fails({ ...bastion.settings, config });
      expect(code).to.equal(3);
      expect(err).to.contain('Host key verification failed.\n  Check and save its host key by logging in once: ssh -F');
    });

    it('another host key than before', async () => {
      const config = path.join(folder, 'changed');
      const { port } = bastion.settings;
      const other = execFileSync('ssh-keyscan', ['-t', 'ed25519', '-p', String(port), '127.0.0.1'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      // Another key of the same type: the last bytes differ.
      writeFileSync(path.join(folder, 'changed-hosts'), other.replace(/.{8}\n$/, 'AAAAAAAA\n'));
      writeFileSync(config, `Host *\n  UserKnownHostsFile ${folder}/changed-hosts\n  StrictHostKeyChecking ask\n`);
      const { code, err } = await fails({ ...bastion.settings, config });
      expect(code).to.equal(3);
      expect(err).to.match(
        /its host key is not the one that known_hosts has for it\n {2}Ask its administrator .* ssh -F/,
      );
    });

    it('a refused login', async () => {
      const config = path.join(folder, 'keyless');
      writeFileSync(
        config,
        'Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  IdentityFile none\n',
      );
      const { code, err } = await fails({ ...bastion.settings, config });
      expect(code).to.equal(3);
      expect(err).to.match(/^error: cannot open the ssh tunnel through \S+@127\.0\.0\.1: Permission denied \(/);
      expect(err).to.contain('Load its key with ssh-add, or set identityFile.');
    });

    it('a server that the bastion cannot reach', async () => {
      const port = await freePort();
      const { code, err } = await fails(bastion.settings, { url: `redis://localhost:${port}` });
      expect(code).to.equal(3);
      expect(err).to.contain(
        `127.0.0.1 cannot connect to localhost:${port}: Connection refused\n  Check the address as`,
      );
    });

    it('a bastion that forwards nothing', async function () {
      const closed = await startSshServer(this, 'AllowTcpForwarding no');
      try {
        const { code, err } = await fails(closed.settings);
        expect(code).to.equal(3);
        expect(err).to.contain('administratively prohibited');
        expect(err).to.contain('see AllowTcpForwarding and PermitOpen in sshd_config');
      } finally {
        await closed.stop();
      }
    });

    it('a bastion that does not answer', async () => {
      const silent = await startSilentServer();
      const { port } = silent;
      const { code, err } = await fails({ ...bastion.settings, port }, {}, ['get', 'a', '--timeout', '1s']);
      expect(code).to.equal(3);
      expect(err).to.match(/within 1 s\n {2}Allow more time|timed out/);
      await silent.stop();
    });

    it('a missing ssh', async function () {
      const node = requireProgram(this, path.basename(process.execPath));
      const bin = path.join(folder, 'bin');
      mkdirSync(bin);
      const { code, err } = await run(['get', 'a'], { PATH: bin });
      expect(node).to.be.a('string');
      expect(code).to.equal(3);
      expect(err).to.contain('there is no ssh on PATH\n  Install the OpenSSH client, or remove ssh from the profile.');
    });

    it('a tunnel that ends while a command waits', async function () {
      const dying = await startSshServer(this);
      const silent = await startSilentServer();
      writeProfiles({ dying: { driver: 'redis', url: `redis://localhost:${silent.port}`, ssh: dying.settings } });
      const get = start(['get', 'a', '--profile', 'dying', '--timeout', '10m'], { cwd: folder });
      get.child.stdin.end();
      await until(async () => dying.forwarded().includes(silent.port));
      await dying.kill();
      const { code, err } = await get.ended;
      await silent.stop();
      writeProfiles();
      expect(code).to.equal(3);
      expect(err).to.match(
        /^error: the ssh tunnel through \S+ ended: .*\n {2}Run the command again, or check the bastion/,
      );
    });
  });

  it('is not used for completion, which is too slow', async () => {
    await redis.client.set('shop-users', 'i:1;');
    const before = bastion.forwarded().length;
    const { out } = await run(['__complete', 'zsh', 'cachectl', 'get', 'use'], { CACHECTL_COMPLETION_MS: '20000' });
    expect(out).to.equal('values\n');
    expect(bastion.forwarded()).to.have.length(before);
  });

  for (const [value, message] of [
    ['-oProxyCommand=evil', 'ssh of profile wrong is not the name of a host'],
    ['two words', 'ssh of profile wrong is not the name of a host'],
    [{ port: 22 }, 'destination of ssh of profile wrong is missing'],
    [{ destination: 'b', user: 'x' }, 'unknown key "user" in ssh of profile wrong'],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}`, async () => {
      writeProfiles({ wrong: { driver: 'redis', url: 'redis://h', ssh: value } });
      const { code, err } = await run(['get', 'a', '--profile', 'wrong']);
      writeProfiles();
      expect(code).to.equal(2);
      expect(err).to.contain(message);
    });
  }

  it('refuses a Unix socket, which the bastion cannot reach', async () => {
    writeProfiles({ wrong: { driver: 'redis', socket: '/run/redis.sock', ssh: 'bastion' } });
    const { code, err } = await run(['get', 'a', '--profile', 'wrong']);
    writeProfiles();
    expect(code).to.equal(2);
    expect(err).to.contain('socket of profile wrong cannot be combined with ssh');
  });
});

/** Try again until it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
