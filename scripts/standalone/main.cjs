// Start the standalone program, like bin/run.js does for the package. The program is an asset and not the main script
// of the executable, because a main script with a code cache can import only Node's own modules.
const { createRequire } = require('node:module');
const path = require('node:path');
const { getAsset, getRawAsset } = require('node:sea');
const { constants, Script } = require('node:vm');

globalThis[Symbol.for('cachectl.DEBUG')] = process.env.DEBUG;
delete process.env.DEBUG;

// Without /proc, Node knows only the name that it was started by.
const executable = path.resolve(process.execPath);
const script = new Script(getAsset('program.cjs', 'utf8'), {
  filename: executable,
  cachedData: Buffer.from(getRawAsset('program.cache')),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const program = script.runInThisContext()(createRequire(executable), executable);
program.main(process.argv.slice(2), executable);
