import { existsSync } from 'node:fs';
import path from 'node:path';

import { UnreachableError } from '../../../errors.js';

/** Why better-sqlite3 could not be loaded, and the command that installs or rebuilds it. */
export function missingBinding(error: unknown, require: NodeJS.Require): UnreachableError {
  const node = `Node ${process.versions.node} (${process.platform}-${process.arch})`;
  const folder = folderOf(require);
  if (folder === undefined) {
    return new UnreachableError(
      `SQLite on ${node} needs the package better-sqlite3, which is not installed`,
      `Run ${installCommand(path.dirname(require.resolve('cachectl/package.json')))}. ${ELSE}`,
      { cause: error },
    );
  }

  return new UnreachableError(
    `${reasonOf(error)} on ${node}`,
    `Run npm rebuild better-sqlite3 --prefix ${quoted(folder)}. ${ELSE}`,
    { cause: error },
  );
}

const ELSE = 'Node 22.16 and later have SQLite built in. Other stores work without it.';

/** The folder of the npm installation. */
function folderOf(require: NodeJS.Require): string | undefined {
  try {
    return path.resolve(path.dirname(require.resolve('better-sqlite3/package.json')), '../..');
  } catch {
    return undefined;
  }
}

/**
 * npm leaves out an optional package if its build fails. Installed by name it is not optional, so npm shows the
 * reason. @param root of cachectl
 */
function installCommand(root: string): string {
  const parent = path.dirname(root);
  if (path.basename(parent) !== 'node_modules') return `sh ${quoted(path.join(root, 'scripts', 'install.sh'))}`;
  const folder = path.dirname(parent);
  if (existsSync(path.join(folder, 'package.json'))) return `npm install ${PACKAGE} --prefix ${quoted(folder)}`;
  // npm's global folder is PREFIX/lib/node_modules, or PREFIX/node_modules on Windows.
  const prefix = path.basename(folder) === 'lib' ? path.dirname(folder) : folder;
  return `npm install -g ${PACKAGE} --prefix ${quoted(prefix)}`;
}

/** In the range of package.json. */
const PACKAGE = 'better-sqlite3@12';

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND') return 'better-sqlite3 has not been built';
  if (message.includes('NODE_MODULE_VERSION'))
    return 'better-sqlite3 was built for another version of Node; it does not load';
  return `better-sqlite3 does not load (${message.split('\n', 1)[0]})`;
}

function quoted(folder: string): string {
  return /^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", String.raw`'\''`)}'`;
}
