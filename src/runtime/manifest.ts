import type { Manifest } from '@oclif/core/interfaces';

import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What oclif.manifest.json says of each command, by id, so that no command is loaded for it.
 * @param root the folder of oclif.manifest.json
 */
export function commandsOf(root: string): Manifest['commands'] {
  return (JSON.parse(readFileSync(path.join(root, 'oclif.manifest.json'), 'utf8')) as Manifest).commands;
}
