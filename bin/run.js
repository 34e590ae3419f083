#!/usr/bin/env node
// CommonJS: Node would take a twentieth longer to start if this were an ES module.
const { dirname } = require('node:path');

// Libraries that see DEBUG print command lines and passwords; ours is told by another name.
if (process.env.DEBUG) process.env.CACHECTL_DEBUG = '1';
delete process.env.DEBUG;

require('../dist/start.cjs').start(process.argv.slice(2), dirname(__dirname));
