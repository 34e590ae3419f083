import type { Command } from '@oclif/core/command';

import { Config } from '@oclif/core/config';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { COMMANDS } from './commands.js';

/**
 * Runs the command that `argv` names, as oclif's `run` does. That one first reads the manifest of all commands and looks
 * for plugins and hooks, of which there are none.
 * @returns undefined when it ran; else, having done nothing, what oclif is to do: show help, or the version
 * @throws UsageError when it names no command
 */
export async function runCommand(argv: readonly string[], root: string): Promise<readonly string[] | undefined> {
  const isSpelledOut = argv[0] !== undefined && Object.hasOwn(COMMANDS, argv[0]);
  const [id, ...rest] = isSpelledOut
    ? argv
    : await (await import('./argv.js')).inOneSpelling(argv, Object.keys(COMMANDS));
  const load = id !== undefined && Object.hasOwn(COMMANDS, id) ? COMMANDS[id] : undefined;
  if (id === undefined || load === undefined) return id === undefined ? [] : [id, ...rest];
  const { default: CommandClass } = (await load()) as { readonly default: ProgramRunner };
  const own = CommandClass.runsProgram ? await withProgramApart(CommandClass, rest) : rest;
  if (asksForHelp(own)) return [id, '--help'];
  CommandClass.id = id;
  await CommandClass.run([...own], new BareConfig(root));
  return undefined;
}

/** A command that may have `static runsProgram = true`: another program's command line follows its own. */
type ProgramRunner = Command.Class & { readonly runsProgram?: boolean };

async function withProgramApart(CommandClass: Command.Class, argv: readonly string[]): Promise<readonly string[]> {
  const { withProgramApart: apart } = await import('./argv.js');
  return apart(argv, { ...CommandClass.baseFlags, ...CommandClass.flags });
}

/** What follows two dashes is not for the command. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h');
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
