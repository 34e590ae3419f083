import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { scratchFolder } from '../support/scratch.js';

const URL_FLAG = ['--url', 'array:'];

describe('a command line that cannot be obeyed exits 2, with two lines', () => {
  const folder = scratchFolder('usage');
  for (const [title, args, message] of [
    ['an empty key', ['get', ''], 'the key is empty'],
    ['no key', ['get'], 'Missing 1 required arg'],
    ['an unknown flag', ['get', 'a', '--jsn'], 'Nonexistent flag: --jsn'],
    ['a bad duration', ['put', 'a', 'b', '--ttl', 'soon'], '--ttl: "soon" is not a duration'],
    ['a ttl of nothing', ['put', 'a', 'b', '--ttl', '0'], 'a ttl of 0 stores nothing'],
    ['no value', ['put', 'a'], 'no value was given'],
    ['two values', ['put', 'a', 'b', '--file', 'c'], 'VALUE and --file are two values'],
    ['a file that is not there', ['put', 'a', '--file', 'none'], 'none does not exist'],
    ['a folder as a file', ['put', 'a', '--file', folder], `${folder} is a folder`],
    ['broken JSON', ['put', 'a', '{', '--as', 'json'], ''],
    ['no time to answer', ['get', 'a', '--timeout', '0'], '--timeout 0 leaves no time to answer'],
    ['an empty tag', ['get', 'a', '--tags', 'a,,b'], '--tags: "a,,b" has an empty tag name'],
    ['--raw of two keys', ['get', 'a', 'b', '--raw'], '--raw prints one key, not 2'],
    ['a lock without a ttl', ['lock:acquire', 'a'], 'Missing required flag ttl'],
    ['a release without an owner', ['lock:release', 'a'], 'whose a is to be released?'],
    ['flush without a yes or a terminal', ['flush'], 'no terminal to ask on'],
    ['tags:flush without a yes or a terminal', ['tags:flush', 'a'], 'no terminal to ask on'],
    ['an event type that does not exist', ['events:tail', '--type', 'KeyEaten'], 'KeyEaten'],
    ['a command that does not exist', ['gett', 'a'], 'gett is not a command'],
  ] as const) {
    it(title, async () => {
      const isCommand = args[0] !== 'gett';
      const { code, out, err } = await cachectl([...args, ...(isCommand ? URL_FLAG : [])]);
      expect(err).to.include(message);
      expect(err).to.match(/^error: .+\n {2}.+\n$/);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
    });
  }

  it('suggests the command that was probably meant', async () => {
    expect((await cachectl(['tag:flush', 'a'])).err).to.include('Did you mean tags:flush?');
  });

  it('is a document on standard output with --json', async () => {
    const { code, out, err } = await cachectl(['get', '', '--json', ...URL_FLAG]);
    expect({ code, err }).to.deep.equal({ code: 2, err: '' });
    expect(JSON.parse(out)).to.have.property('error').that.includes({ code: 'usage', message: 'the key is empty' });
  });
});

describe('which store is used', () => {
  const folder = scratchFolder('profile');
  const config = path.join(folder, 'cachectl.yaml');
  writeFileSync(
    config,
    'default: one\nprofiles:\n  one: {driver: sqlite, path: one.sqlite}\n  two: {driver: sqlite, path: two.sqlite}\n',
  );
  const two = path.join(folder, 'two.sqlite');

  it('is the SQLite file in the data folder when nothing is configured', async () => {
    expect(await cachectl(['put', 'a', 'embedded'])).to.include({ code: 0, err: '' });
    expect((await cachectl(['get', 'a'])).out).to.equal('embedded\n');
  });

  it('is the default of the file that lies above the working directory', async () => {
    await cachectl(['put', 'a', 'one'], { cwd: folder });
    expect((await cachectl(['get', 'a', '--config', config])).out).to.equal('one\n');
  });

  it('is what --profile names, whatever the environment says', async () => {
    const env = { CACHECTL_URL: 'array:', CACHECTL_PROFILE: 'one', CACHECTL_CONFIG: config };
    await cachectl(['put', 'a', 'two', '--profile', 'two'], { env });
    expect((await cachectl(['get', 'a', '--url', `sqlite://${two}`])).out).to.equal('two\n');
  });

  it('is what CACHECTL_URL names before CACHECTL_PROFILE', async () => {
    const env = { CACHECTL_URL: `sqlite://${two}`, CACHECTL_PROFILE: 'one', CACHECTL_CONFIG: config };
    expect((await cachectl(['get', 'a'], { env })).out).to.equal('two\n');
  });

  it('is a question of one flag, not two', async () => {
    const { code, err } = await cachectl(['get', 'a', '--url', 'array:', '--profile', 'one']);
    expect(code).to.equal(2);
    expect(err).to.include('--url and --profile both say which store to use');
  });
});

describe('help', () => {
  it('lists every command in the group where one would look for it', async () => {
    const { code, out } = await cachectl(['--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^READ AND WRITE\n {2}get .*^LOCKS\n {2}lock:run /ms);
    expect(out).not.to.match(/^OTHERS$/m);
  });

  it('of the program lists the commands', async () => {
    const { code, out } = await cachectl(['--help']);
    expect(code).to.equal(0);
    const commands = ['get', 'put', 'forget', 'flush', 'tags:flush', 'lock:acquire', 'lock:release', 'events:tail'];
    for (const command of commands) expect(out).to.match(new RegExp(`^  ${command} +\\w`, 'm'));
  });

  it('of a command has its examples, by flag and by word', async () => {
    const { out } = await cachectl(['lock:acquire', '--help']);
    expect(out).to.include('OWNER=$(cachectl lock:acquire deploy --ttl 10m) || exit');
    expect((await cachectl(['help', 'lock:acquire'])).out).to.equal(out);
  });
});
