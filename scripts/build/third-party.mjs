// List the packages bundled into dist/. npm does not install them, so an audit of node_modules misses them. Scanners
// read dist/cachectl.cdx.json (CycloneDX 1.6) instead. The licences must be distributed with the code.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Write the list of packages and their licences to `folder`. @param metafiles esbuild's metafiles */
export function writeThirdParty(root, metafiles, folder) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const folders = inputs.filter((input) => input.includes('node_modules/')).map((input) => packageFolder(root, input));
  const packages = [...new Set(folders)].toSorted().map((at) => ({ component: component(at), licence: licence(at) }));
  const metadata = { component: { ...component(root), type: 'application' } };
  const components = packages.map((each) => each.component);
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata, components };
  writeFileSync(path.join(folder, 'cachectl.cdx.json'), `${JSON.stringify(bill, undefined, 2)}\n`);
  const texts = packages.map(({ component: { name, version }, licence: text }) => `# ${name} ${version}\n\n${text}\n`);
  writeFileSync(path.join(folder, 'third-party-licenses.txt'), texts.join('\n'));
}

/** Find the package of a file. Skips nested package.json files without a version. */
function packageFolder(root, input) {
  let folder = path.dirname(path.join(root, input));
  while (!existsSync(path.join(folder, 'package.json')) || !manifestOf(folder).version) folder = path.dirname(folder);
  return folder;
}

function component(folder) {
  const { name, version, license } = manifestOf(folder);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [{ expression: license }] };
}

/** The licence text, or its name if the package has no licence file. */
function licence(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined ? manifestOf(folder).license : readFileSync(path.join(folder, file), 'utf8').trim();
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
}
