// The packages inside dist/. npm does not install them, so an audit of node_modules does not see them. Scanners read
// dist/cachectl.cdx.json (CycloneDX 1.6) instead. Their licences ask to be passed on with the code.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Lists the packages in `folder`, with their licences. @param metafiles those of esbuild */
export function writeThirdParty(root, metafiles, folder) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const folders = inputs.filter((input) => input.includes('node_modules/')).map((input) => packageFolder(root, input));
  const packages = [...new Set(folders)]
    .toSorted()
    .map((each) => ({ component: component(each), licence: licence(each) }));
  const metadata = { component: { ...component(root), type: 'application' } };
  const components = packages.map((each) => each.component);
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata, components };
  writeFileSync(path.join(folder, 'cachectl.cdx.json'), `${JSON.stringify(bill, undefined, 2)}\n`);
  const texts = packages.map(({ component: { name, version }, licence: text }) => `# ${name} ${version}\n\n${text}\n`);
  writeFileSync(path.join(folder, 'third-party-licenses.txt'), texts.join('\n'));
}

/** Some packages have nameless package.json files in their folders. */
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

/** The text, or the name where the package has no such file. */
function licence(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined ? manifestOf(folder).license : readFileSync(path.join(folder, file), 'utf8').trim();
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
}
