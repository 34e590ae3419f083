import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';

describe('an unusable profile', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-faults-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const GOOD = 'default: shop\nprofiles:\n  shop: {driver: sqlite, path: shop.sqlite}\n';
  for (const [what, yaml, args, message, hint] of [
    ['is not there', GOOD, ['--profile', 'shpo'], 'shpo', 'shop'],
    ['is indented by a tab', 'profiles:\n\tshop: {driver: sqlite}\n', [], /cachectl\.yaml:2\b.*tab/i, ''],
    [
      'has an unknown key',
      'profiles:\n  shop:\n    driver: sqlite\n    pth: a\n',
      [],
      /cachectl\.yaml:4\b.*pth/,
      'path',
    ],
    ['has an unknown driver', 'profiles:\n  shop: {driver: radis}\n', [], /cachectl\.yaml:2\b.*radis/, 'redis'],
    ['is broken YAML', 'profiles: {shop: {driver: sqlite\n', [], /cachectl\.yaml:[12]\b/, ''],
    ['is of another shape', '- shop\n', [], /cachectl\.yaml/, ''],
    [
      'wants a variable that is not set',
      'profiles:\n  shop: {driver: redis, url: "${SHOP_URL}"}\n',
      [],
      /cachectl\.yaml:2\b.*SHOP_URL/,
      'SHOP_URL',
    ],
    [
      'has a URL that is none',
      'profiles:\n  shop: {driver: redis, url: "redis://:s3cret@host:port"}\n',
      [],
      /cachectl\.yaml:2\b/,
      '',
    ],
  ] as const) {
    it(what, async () => {
      writeFileSync(path.join(folder, 'cachectl.yaml'), yaml);
      const choice = args.length > 0 ? args : ['--profile', 'shop'];
      for (const command of [
        ['get', 'a'],
        ['put', 'a', 'b'],
        ['flush', '--yes'],
        ['lock:acquire', 'a', '--ttl', '9'],
      ]) {
        const result = await cachectl([...command, ...choice], { cwd: folder, env: { DEBUG: '' } });
        expectFault(result, { code: 2, message, hint });
        expect(result.err).not.to.include('s3cret');
      }

      expect(existsSync(path.join(folder, 'shop.sqlite'))).to.equal(false);
    });
  }

  it('shows no password of a URL with DEBUG=*', async () => {
    for (const url of [
      'redis://:s3cret@host:port',
      'redis://ann:s3cret@[',
      'radis://ann:s3cret@host',
      'redis://:s3cret@host/x',
    ]) {
      const env = { DEBUG: '*', CACHECTL_URL: url };
      const { code, out, err } = await cachectl(['get', 'a'], { env });
      expect(code).to.equal(2);
      expect(out + err).not.to.include('s3cret');
    }
  });

  it('has a file that is a folder or missing', async () => {
    mkdirSync(path.join(folder, 'cachectl.yaml'));
    for (const name of ['cachectl.yaml', 'none.yaml']) {
      const result = await cachectl(['get', 'a', '--config', name], { cwd: folder });
      expectFault(result, { code: 2, message: name });
    }
  });
});
