#!/usr/bin/env -S node --import tsx
// Runs the sources as they are, without a build.
import { settings } from '@oclif/core';

import { main } from '../src/cli/main.ts';

settings.debug = true;
await main(process.argv.slice(2), import.meta.url);
