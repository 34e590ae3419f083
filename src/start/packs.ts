import type { Script } from 'node:vm';

import { createRequire, Module } from 'node:module';
import path from 'node:path';

import { packScript } from './pack-script.js';

/** A module of CommonJS, as Node would have wrapped it: with `exports`, `require`, `module`, `__filename` and `__dirname`. */
type Body = (
  this: unknown,
  ...args: [
    exported: unknown,
    requireModule: (id: string) => unknown,
    itself: Module,
    filename: string,
    dirname: string,
  ]
) => void;

/** What the script of a pack gives. Modules go by their paths below the folder of the program, with slashes. */
interface Pack {
  readonly bodies: Readonly<Record<string, Body>>;
  /** In which pack others are. Only in the first, `program`. */
  readonly packs?: Readonly<Record<string, string>>;
}

/**
 * The modules that most runs need, in a few files. Each is there under the name of the file that it was made of, which the
 * others, being loaded by Node, require: so there is one of each, wherever it comes from.
 */
export class Packs {
  /** By the names of the packs: what was compiled so far. The build makes code caches of them. */
  readonly scripts = new Map<string, Script>();
  readonly #folder: string;
  readonly #bodies = new Map<string, Body>();
  readonly #packs = new Map<string, string>();
  /** Node's own. */
  readonly #require: NodeJS.Require;

  /** Where there are no packs, `require` does as Node's does. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#require = createRequire(path.join(folder, 'start.cjs'));
    this.#open('program');
  }

  /** @param id of a file, absolute or relative to `from`; or of a package, or of one of Node's own modules */
  require(id: string, from = this.#folder): unknown {
    if (!id.startsWith('.') && !path.isAbsolute(id)) return this.#require(id);
    const filename = path.resolve(from, id);
    const known = this.#require.cache[filename];
    if (known !== undefined) return known.exports as unknown;
    const body = this.#bodyOf(filename);
    return body === undefined ? (this.#require(filename) as unknown) : this.#load(filename, body);
  }

  #bodyOf(filename: string): Body | undefined {
    const head = this.#folder + path.sep;
    if (!filename.startsWith(head)) return undefined;
    const name = filename.slice(head.length).replaceAll(path.sep, '/');
    const pack = this.#packs.get(name);
    if (pack !== undefined && !this.scripts.has(pack)) this.#open(pack);
    return this.#bodies.get(name);
  }

  #load(filename: string, body: Body): unknown {
    const module = new Module(filename);
    const dirname = path.dirname(filename);
    module.filename = filename;
    this.#require.cache[filename] = module;
    const require = Object.assign((id: string) => this.require(id, dirname), { resolve: this.#require.resolve });
    body.call(module.exports, module.exports, require, module, filename, dirname);
    module.loaded = true;
    return module.exports as unknown;
  }

  #open(name: string): void {
    const script = packScript(path.join(this.#folder, `${name}.pack`));
    if (script === undefined) return;
    this.scripts.set(name, script);
    const { bodies, packs = {} } = script.runInThisContext() as Pack;
    for (const [module, body] of Object.entries(bodies)) this.#bodies.set(module, body);
    for (const [module, pack] of Object.entries(packs)) this.#packs.set(module, pack);
  }
}
