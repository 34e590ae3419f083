import type { Command } from '@oclif/core/command';

import { Config } from '@oclif/core/config';

import { programFile } from './program-file.js';

/** Loads the class of a command, by its id. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: Command.Class }>>>;

/**
 * Runs the command that `argv` names, or prints help or the version. oclif's own `run` would first read the manifest of
 * all commands and look for plugins and hooks, of which there are none.
 * @param root the folder of package.json
 * @throws UsageError when it names no command
 */
export async function runCommand(argv: readonly string[], root: string, table: CommandTable): Promise<void> {
  const isSpelledOut = argv[0] !== undefined && Object.hasOwn(table, argv[0]);
  const [id, ...rest] = isSpelledOut ? argv : await (await import('./argv.js')).inOneSpelling(argv, Object.keys(table));
  const load = id !== undefined && Object.hasOwn(table, id) ? table[id] : undefined;
  if (id === undefined || load === undefined) return printHelp(root, id);
  const { default: CommandClass } = (await load()) as { readonly default: ProgramRunner };
  const own = CommandClass.runsProgram ? await withProgramApart(CommandClass, rest) : rest;
  if (asksForHelp(own)) return printHelp(root, id);
  CommandClass.id = id;
  await CommandClass.run([...own], bareConfig(root));
}

/** A command that may have `static runsProgram = true`: another program's command line follows its own. */
type ProgramRunner = Command.Class & { readonly runsProgram?: boolean };

async function withProgramApart(CommandClass: Command.Class, argv: readonly string[]): Promise<readonly string[]> {
  const { withProgramApart: apart } = await import('./argv.js');
  return apart(argv, { ...CommandClass.baseFlags, ...CommandClass.flags });
}

/** Words after `--` are not for the command. */
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
