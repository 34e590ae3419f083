import { expect } from 'chai';
import { readFileSync } from 'node:fs';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

interface Bill {
  readonly components: ReadonlyArray<{ readonly name: string; readonly version: string; readonly purl: string }>;
}

describe('the packages inside dist/', () => {
  const { components } = JSON.parse(read('dist/cachectl.cdx.json')) as Bill;
  const bundled = components.map(({ name }) => name);

  it('are not installed a second time', () => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(read('package.json')) as Record<
      string,
      Readonly<Record<string, string>> | undefined
    >;
    const twice = Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => bundled.includes(name));
    expect(twice, 'dist/ contains them: move them to devDependencies (docs/dependencies.md)').to.deep.equal([]);
  });

  it('are listed for audits, with their licenses', () => {
    expect(bundled).to.include.members([
      '@oclif/core',
      'ioredis',
      'memjs',
      'mongodb',
      'cli-table3',
      'inquirer',
      'yaml',
    ]);
    const { version } = JSON.parse(read('node_modules/ioredis/package.json')) as { version: string };
    expect(components.find(({ name }) => name === 'ioredis')!.purl).to.equal(`pkg:npm/ioredis@${version}`);
    const licenses = read('dist/third-party-licenses.txt');
    for (const { name, version } of components) expect(licenses).to.include(`# ${name} ${version}\n\n`);
  });
});
