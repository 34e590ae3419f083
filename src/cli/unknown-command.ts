import { closest, distance } from 'fastest-levenshtein';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { UsageError } from '../errors.js';

/** oclif's «command not found», with the command that was probably meant. Undefined for any other error. */
export function unknownCommand(error: unknown, argv: readonly string[], root: string): UsageError | undefined {
  if (!(error instanceof Error) || !/^[Cc]ommand .* not found/.test(error.message)) return undefined;
  const typed = argv[0] ?? '';
  const names = commandNames(root);
  const nearest = closest(typed, names);
  const hint =
    distance(typed, nearest) <= Math.max(2, typed.length / 3)
      ? `Did you mean ${nearest}?`
      : `There are ${names.join(', ')}.`;
  return new UsageError(`${typed} is not a command`, hint);
}

function commandNames(root: string): string[] {
  const manifest = JSON.parse(readFileSync(path.join(root, 'oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, unknown>;
  };
  return Object.keys(manifest.commands);
}
