// Build dist-standalone/cachectl from dist/: a single executable that contains Node. Run the build first.
// nodejs.org/api/single-executable-applications.html
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = path.resolve(process.argv[2] ?? path.join(root, 'dist-standalone', 'cachectl'));
const step = (text) => console.error(`    ${text}`);

const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-standalone-'));
const inFolder = (name) => path.join(folder, name);
try {
  step('fetching Node');
  const node = run('sh', path.join(root, 'scripts', 'fetch-node.sh'), '26').trim();
  step('compiling the program');
  writeFileSync(inFolder('program.cjs'), oneScript(path.join(root, 'dist')));
  const standalone = path.join(root, 'scripts', 'standalone');
  run(node, path.join(standalone, 'code-cache.cjs'), inFolder('program.cjs'), inFolder('program.cache'), root);
  step('writing the executable');
  mkdirSync(path.dirname(output), { recursive: true });
  copyFileSync(node, inFolder('node'));
  // Symbols are a fifth of Node's size. They stay if binutils is missing.
  if (process.platform === 'linux') spawnSync('strip', ['--strip-all', inFolder('node')]);
  const files = ['package.json', 'oclif.manifest.json'].map((name) => [name, path.join(root, name)]);
  const config = {
    main: path.join(standalone, 'main.cjs'),
    executable: inFolder('node'),
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    // main.cjs and node:sqlite would warn, and users cannot act on it.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    assets: Object.fromEntries([...['program.cjs', 'program.cache'].map((name) => [name, inFolder(name)]), ...files]),
  };
  writeFileSync(inFolder('config.json'), JSON.stringify(config));
  run(node, '--build-sea', inFolder('config.json'));
} finally {
  rmSync(folder, { recursive: true });
}

console.log(`built ${output} (${(statSync(output).size / 1e6).toFixed(0)} MB)`);

/** Join the CommonJS files of a folder into a script: a function of `require` and a file name that returns main.cjs. */
function oneScript(dist) {
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.cjs'));
  const modules = files.map((file) => {
    const name = JSON.stringify(file.replaceAll(path.sep, '/'));
    return `${name}(exports,require,module,__filename){${readFileSync(path.join(dist, file), 'utf8')}\n}`;
  });
  return `(function(nodeRequire,file){
const modules={${modules.join(',\n')}},loaded=new Map(),path=nodeRequire('node:path').posix,importModule=(id)=>import(id);
const load=(name)=>{
  const known=loaded.get(name);
  if(known)return known.exports;
  const module={exports:{}};
  loaded.set(name,module);
  const require=(id)=>id[0]==='.'?load(path.join(path.dirname(name),id)):nodeRequire(id);
  modules[name](module.exports,Object.assign(require,{resolve:nodeRequire.resolve}),module,file);
  return module.exports;
};
return load('main.cjs');
})`;
}

function run(program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed\n${stderr}`, { cause: error });
  return stdout;
}
