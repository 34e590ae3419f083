import type { Command } from '@oclif/core/command';
import type { PJSON } from '@oclif/core/interfaces';

/** What the build knows of the program. */
export interface Built {
  /** Of package.json: what oclif wants to know. */
  readonly package: Pick<PJSON, 'name' | 'oclif' | 'version'>;
  /** By id. */
  readonly commands: Readonly<Record<string, () => Promise<{ readonly default: Command.Class }>>>;
}

/** The build puts it here. Undefined when the sources are run as they are. */
export const BUILT = undefined as Built | undefined;
