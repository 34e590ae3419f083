#!/usr/bin/env node
// Libraries that see DEBUG print command lines and passwords; ours is told by another name.
if (process.env.DEBUG) process.env.CACHECTL_DEBUG = '1';
delete process.env.DEBUG;

const { main } = await import('../dist/cli/main.js');
await main(process.argv.slice(2), import.meta.url);
