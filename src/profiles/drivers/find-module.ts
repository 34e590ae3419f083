import { moduleResolve } from 'import-meta-resolve';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Whether the text is the path of a file. The name of a package begins with neither a dot nor a slash. */
export function looksLikePath(text: string): boolean {
  return /^(?:\.{1,2}[/\\]|~[/\\]|[/\\]|[a-z]:[/\\])/i.test(text) || /^[^/\\]+\.[cm]?[jt]s$/i.test(text);
}

/** Whether the text can only be a package: `@acme/cache-driver`, `acme/drivers`. A bare word may be a typo. */
export function looksLikePackage(text: string): boolean {
  return PACKAGE.test(text) && text.includes('/');
}

/**
 * The URL of a package that Node finds from `folder` upward or, if installed globally, beside cachectl. Undefined if
 * there is none. Node's own modules are no packages.
 * @throws Error of Node for a broken package, or one that does not export the requested path
 */
export function findPackage(name: string, folder: string): string | undefined {
  if (!PACKAGE.test(name)) return undefined;
  const parents = [pathToFileURL(path.join(folder, 'cachectl.yaml')), new URL(import.meta.url)];
  for (const parent of parents) {
    const found = lookUp(name, parent);
    if (found !== undefined) return found.protocol === 'file:' ? found.href : undefined;
  }

  return undefined;
}

/** The name of a package, with a scope or a path within it. Matches no URL. */
const PACKAGE = /^(?:@[\w-][\w.-]*\/)?[\w-][\w.-]*(?:\/[\w.@/-]*\w)?$/;

function lookUp(name: string, parent: URL): undefined | URL {
  try {
    return moduleResolve(name, parent);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
