import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

import * as entry from '../../../src/index.js';
import { resolveProfile } from '../../../src/profiles/resolve.js';
import { withOutside } from '../../support/outside.js';

const ROOT = new URL('../../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/custom-drivers.md', ROOT), 'utf8');

describe('docs/custom-drivers.md', () => {
  const project = withOutside();

  const quoted = [...PAGE.matchAll(/<!-- (\S+) -->\n\n```\w+\n(.*?)```/gs)];
  for (const [, file, code] of quoted) {
    it(`quotes ${file} exactly: ${code!.trim().split('\n', 1)[0]}`, () => {
      expect(withoutTypes(readFileSync(new URL(file!, ROOT), 'utf8'))).to.include(withoutTypes(code!));
    });
  }

  const [yaml] = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
  const { profiles } = parse(yaml!) as { profiles: Record<string, object> };
  for (const profile of Object.keys(profiles)) {
    it(`the profile ${profile} works`, async () => {
      project().write('cachectl.yaml', yaml!);
      expect(await project().cachectl('put', 'k', 'v', '--profile', profile)).to.include({ code: 0 });
      expect(await project().cachectl('get', 'k', '--profile', profile)).to.include({ code: 0, out: 'v\n' });
      const { folder } = project();
      const resolved = await resolveProfile({ profile, cwd: folder, env: { HOME: folder } });
      expect(resolved).to.have.nested.property('options.folder', `${folder}/storage/cache`);
    });
  }

  it('names only exports of the package', () => {
    const [, helpers] = /the helpers that its own drivers use.*?\n\n(.*?)\n\n/s.exec(PAGE)!;
    const errors = [...PAGE.matchAll(/`(\w+Error)`/g)].map(([, name]) => name!);
    const named = [...helpers!.matchAll(/`(\w+)[`(]/g)].map(([, name]) => name!);
    expect(named).to.have.length.of.at.least(15);
    expect(errors).to.have.length.of.at.least(9);
    for (const name of [...named, ...errors]) expect(entry).to.have.property(name);
  });

  it('names every optional member of a store', () => {
    const folder = new URL('src/stores/contract/', ROOT);
    const contract = readdirSync(folder)
      .map((file) => readFileSync(new URL(file, folder), 'utf8'))
      .join('\n');
    const interfaces = ['Entry', 'Repository', 'Lock', 'LockHolder', 'TagIndex', 'Traits', 'DriverStore'];
    const optional = interfaces.flatMap((name) => {
      const [, members] = new RegExp(`^export interface ${name}\\b[^{]*\\{\n(.*?)^\\}`, 'ms').exec(contract)!;
      return [...members!.matchAll(/^ {2}(?:readonly )?(\w+)\?/gm)].map(([, member]) => member!);
    });
    expect(optional)
      .to.have.length.of.at.least(20)
      .and.include.members(['inForm', 'checkConnection', 'startWaiting', 'unmade']);
    const unnamed = optional.filter((member) => !new RegExp(`\`${member}[\`(]`).test(PAGE));
    expect(unnamed).to.deep.equal([]);
  });

  it('has examples', () => {
    expect(quoted.map(([, file]) => file)).to.have.lengthOf(4);
    expect(Object.keys(profiles)).to.deep.equal(['module', 'packaged']);
  });
});

/** The example has its types in comments, which the page leaves out. */
function withoutTypes(code: string): string {
  return code.replace('// @ts-check\n', '');
}
