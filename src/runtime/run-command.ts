import type { Command } from '@oclif/core/command';

import { Config } from '@oclif/core/config';

import { programFile } from './program-file.js';

/** Loaders of command classes, by command id. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: Command.Class }>>>;

/**
 * Run the command in `argv`, or print help or the version. oclif's own `run` would first read the manifest of all
 * commands and look for plugins and hooks, which cachectl does not have.
 * @param root the folder of package.json
 * @throws UsageError if there is no such command
 */
export async function runCommand(argv: readonly string[], root: string, table: CommandTable): Promise<void> {
  const isNormalized = argv[0] !== undefined && Object.hasOwn(table, argv[0]);
  const [id, ...rest] = isNormalized
    ? argv
    : await (await import('./argv.js')).normalizedArgv(argv, Object.keys(table));
  const load = id !== undefined && Object.hasOwn(table, id) ? table[id] : undefined;
  if (id === undefined || load === undefined) return printHelp(root, id);
  const { default: CommandClass } = (await load()) as { readonly default: ProgramRunner };
  const own = CommandClass.runsProgram ? await withProgramSeparated(CommandClass, rest) : rest;
  if (asksForHelp(own)) return printHelp(root, id);
  CommandClass.id = id;
  await CommandClass.run([...own], bareConfig(root));
}

/** A command class that may have `static runsProgram = true`: its arguments end with another program's command line. */
type ProgramRunner = Command.Class & { readonly runsProgram?: boolean };

async function withProgramSeparated(CommandClass: Command.Class, argv: readonly string[]): Promise<readonly string[]> {
  const { withProgramSeparated: separated } = await import('./argv.js');
  return separated(argv, { ...CommandClass.baseFlags, ...CommandClass.flags });
}

/** Words after `--` belong to another program. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h');
}

/** @param what a command, a topic, `--version`, `--help` for the list of commands, or undefined for an overview as well */
async function printHelp(root: string, what: string | undefined): Promise<void> {
  const { answer } = await import('../terminal/output.js');
  if (what === '--version') return answer(`${userAgent(packageOf(root))}\n`);
  const { helpText } = await import('./help.js');
  if (what !== undefined) return answer(helpText(root, what === '--help' ? undefined : what));
  const { overview } = await import('./overview.js');
  return answer(helpText(root, undefined, await overview()));
}

/** The part of oclif's configuration that a running command needs. */
function bareConfig(root: string): Config {
  const manifest = packageOf(root);
  return Object.assign(new Config({ root }), {
    root,
    name: manifest.name,
    version: manifest.version,
    bin: manifest.oclif.bin,
    dirname: manifest.oclif.dirname,
    userAgent: userAgent(manifest),
    runHook: async () => ({ failures: [], successes: [] }),
  });
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly oclif: { readonly bin: string; readonly dirname: string };
}

function packageOf(root: string): Package {
  return JSON.parse(programFile(root, 'package.json')) as Package;
}

function userAgent({ name, version }: Package): string {
  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`;
}
