import type { Manifest } from '@oclif/core/interfaces';

import { programFile } from './program-file.js';

/**
 * What oclif.manifest.json says of each command, by id, so that no command is loaded for it.
 * @param root the folder of oclif.manifest.json
 */
export function commandsOf(root: string): Manifest['commands'] {
  return (JSON.parse(programFile(root, 'oclif.manifest.json')) as Manifest).commands;
}
