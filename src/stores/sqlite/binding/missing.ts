import path from 'node:path';

import { UnreachableError } from '../../../errors.js';

/** Why better-sqlite3 could not be loaded, and the command that mends it. */
export function missingBinding(error: unknown, require: NodeJS.Require): UnreachableError {
  const node = `Node ${process.versions.node} (${process.platform}-${process.arch})`;
  const folder = folderOf(require);
  if (folder === undefined) {
    return new UnreachableError(
      `SQLite needs the package better-sqlite3 on ${node}, and it is not installed`,
      `Run npm install better-sqlite3, with -g if cachectl was installed so. ${ELSE}`,
      { cause: error },
    );
  }

  return new UnreachableError(
    `${reasonOf(error)} on ${node}`,
    `Run npm rebuild better-sqlite3 --prefix ${quoted(folder)}. ${ELSE}`,
    { cause: error },
  );
}

const ELSE = 'Node 22.16 and newer have SQLite built in; other stores work without it.';

/** The folder that npm installed the package into. */
function folderOf(require: NodeJS.Require): string | undefined {
  try {
    return path.resolve(path.dirname(require.resolve('better-sqlite3/package.json')), '../..');
  } catch {
    return undefined;
  }
}

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
