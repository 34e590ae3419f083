// Writes V8's code cache of the program, with the functions that common commands compile.
// node code-cache.cjs PROGRAM CACHE ROOT
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [file, cache, root] = process.argv.slice(2);
const script = new Script(readFileSync(file, 'utf8'), { filename: file });
const program = script.runInThisContext()(require, file);

const COMMANDS = [
  ['put', 'key', 'value', '--url', `sqlite://${cache}.sqlite`],
  ['get', 'key', '--url', `sqlite://${cache}.sqlite`],
  // Nothing listens on this port: it compiles the client up to the connection.
  ['get', 'key', '--url', 'redis://127.0.0.1:1', '--timeout', '1s'],
  ['--help'],
];

async function writeCache() {
  for (const command of COMMANDS) await program.perform(command, root);
  writeFileSync(cache, script.createCachedData());
  process.exit(0);
}

writeCache();
