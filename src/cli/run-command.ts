import { Config } from '@oclif/core/config';
import { setLogger } from '@oclif/core/logger';

import { type Built, BUILT } from './built.js';

/**
 * Runs the command that `argv` begins with, as oclif's `run` does, but without reading anything: what `run` learns from
 * package.json, the manifest and the plugins' hooks (there are none), the build knows.
 * @returns false, having done nothing, for everything else that oclif does: help, the version, what is no command
 */
export async function runCommand([id = '', ...argv]: readonly string[], root: string): Promise<boolean> {
  const load = BUILT !== undefined && Object.hasOwn(BUILT.commands, id) ? BUILT.commands[id] : undefined;
  // With DEBUG oclif tells what it does.
  if (BUILT === undefined || load === undefined || asksForHelp(argv) || process.env.CACHECTL_DEBUG) return false;
  setLogger({ root, logger: SILENT });
  const { default: CommandClass } = await load();
  CommandClass.id = id;
  const command = new (CommandClass as unknown as Runnable)(argv, new KnownConfig(root, BUILT.package));
  await command._run();
  return true;
}

/** A command, with what oclif's `Command.run` calls once it has loaded a configuration (of which it would make another). */
type Runnable = new (argv: string[], config: Config) => { _run(): Promise<unknown> };

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--help');
}

/** One that has nothing to load. */
class KnownConfig extends Config {
  constructor(root: string, { name, version, oclif }: Built['package']) {
    super({ root });
    this.root = root;
    this.name = name;
    this.version = version;
    this.bin = oclif.bin ?? name;
    this.dirname = oclif.dirname ?? name;
    this.userAgent = `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`;
  }

  override async runHook(): Promise<{ failures: []; successes: [] }> {
    return { failures: [], successes: [] };
  }
}

/** The library's own would load one to find that it has nothing to say. */
const SILENT = {
  child: () => SILENT,
  debug: silence,
  error: silence,
  info: silence,
  trace: silence,
  warn: silence,
  namespace: 'oclif',
};

function silence(): void {
  // DEBUG is not there: bin/run.js takes it.
}
