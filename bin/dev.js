#!/usr/bin/env -S node --import tsx
// Runs the sources as they are, without a build.
const { dirname } = require('node:path');

async function start() {
  const { settings } = await import('@oclif/core');
  const { main } = await import('../src/main.ts');
  settings.debug = true;
  await main(process.argv.slice(2), dirname(__dirname));
}

start();
