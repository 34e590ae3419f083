import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getAsset, isSea } from 'node:sea';

/** The text of package.json or oclif.manifest.json. The standalone program contains both. @param root their folder */
export function programFile(root: string, name: 'oclif.manifest.json' | 'package.json'): string {
  return isSea() ? getAsset(name, 'utf8') : readFileSync(path.join(root, name), 'utf8');
}

/** The arguments with which Node starts this program again; what follows them is its command line. */
export function programArguments(): readonly string[] {
  return isSea() ? [] : [...process.execArgv, process.argv[1]!];
}
