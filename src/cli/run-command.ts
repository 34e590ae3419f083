import { Config } from '@oclif/core/config';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { COMMANDS } from './commands.js';

/**
 * Runs the command that `argv` begins with, as oclif's `run` does. That one first reads the manifest of all commands and
 * looks for plugins and hooks, of which there are none.
 * @returns false, having done nothing, for everything else that oclif does: help, the version, what is no command
 */
export async function runCommand([id = '', ...argv]: readonly string[], root: string): Promise<boolean> {
  const load = Object.hasOwn(COMMANDS, id) ? COMMANDS[id] : undefined;
  // With DEBUG oclif tells what it does.
  if (load === undefined || asksForHelp(argv) || process.env.CACHECTL_DEBUG) return false;
  const { default: CommandClass } = await load();
  CommandClass.id = id;
  await CommandClass.run(argv, new BareConfig(root));
  return true;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--help');
}

/** What a command that runs needs of oclif's configuration. */
class BareConfig extends Config {
  constructor(root: string) {
    super({ root });
    const { name, version, oclif } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Package;
    this.root = root;
    this.name = name;
    this.version = version;
    this.bin = oclif.bin;
    this.dirname = oclif.dirname;
    this.userAgent = `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`;
  }

  override async runHook(): Promise<{ failures: []; successes: [] }> {
    return { failures: [], successes: [] };
  }
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly oclif: { readonly bin: string; readonly dirname: string };
}
