import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';

import type { Setting } from '../settings.js';
import type { Source } from './source.js';

import { ConfigError } from '../../errors.js';
import { interpolate, InterpolationProblem, withoutDefaults } from './interpolate.js';
import { showExpressions } from './source.js';

/** Far more than any profile has. Stops aliases that multiply. */
const MAX_VALUES = 10_000;
/** Stops circular aliases. */
const MAX_DEPTH = 100;

/** An entry of a YAML map, before its value is read. */
export interface Entry {
  readonly key: string;
  /** The line of the key. */
  readonly where: string;
  readonly value: Node | null;
}

/** A scalar as it is written. */
export interface WrittenText {
  /** The nearest key. */
  readonly key: string;
  readonly text: string;
  readonly where: string;
}

/** Reads the nodes of a file. Follows aliases, merges maps, and replaces variables on request. */
export class Tree {
  #left = MAX_VALUES;
  #depth = 0;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  get root(): Node | null {
    return this.#source.document.contents;
  }

  /** The entries of a map, without replacing variables. Undefined if the node is not a map. */
  entries(node: Node | null): Entry[] | undefined {
    const map = node === null ? null : this.#follow(node);
    if (!isMap(map)) return undefined;
    const own = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const pair of map.items) {
      if (this.#isMerge(pair)) merged.push(...this.#merged(pair));
      else {
        const entry = this.#entry(pair, map);
        own.set(entry.key, entry);
      }
    }

    // The map's own keys override merged ones; earlier merges override later ones.
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return [...own.values()];
  }

  /** Whether a key has no value. */
  isNothing(node: Node | null): boolean {
    return node === null || (isScalar(node) && node.value === null);
  }

  /** The whole value of a node. `name` is for messages: `url of profile shop`. */
  setting(node: Node | null, where: string, name: string, env: NodeJS.ProcessEnv): Setting {
    this.#count(where);
    const target = node === null ? null : this.#follow(node);
    if (target === null) return { kind: 'scalar', value: null, shown: undefined, where };
    if (isScalar(target)) return scalar(target.value, target.source, { where, name, env });
    return this.#deeper(where, () => this.#collection(target, where, name, env));
  }

  /** Every text of a node, without replacing variables. @param key the node's own */
  texts(key: string, node: Node | null, where: string): WrittenText[] {
    this.#count(where);
    const target = node === null ? null : this.#follow(node);
    if (target === null) return [];
    if (isScalar(target)) {
      const text = typeof target.value === 'string' ? target.value : (target.source ?? '');
      return [{ key, text: showExpressions(text), where }];
    }

    return this.#deeper(where, () =>
      isSeq(target)
        ? target.items.flatMap((item) => this.texts(key, item as Node, this.#where(item as Node, where)))
        : this.entries(target)!.flatMap((entry) => this.texts(entry.key, entry.value, entry.where)),
    );
  }

  #collection(target: Node, where: string, name: string, env: NodeJS.ProcessEnv): Setting {
    if (isSeq(target)) {
      const items = target.items.map((item) => {
        const part = item as Node;
        return this.setting(part, this.#where(part, where), name, env);
      });
      return { kind: 'list', items, where };
    }

    const entries = this.entries(target)!.map(
      ({ key, value, where }) => [key, this.setting(value, where, `${key} of ${name}`, env)] as const,
    );
    return { kind: 'map', entries: new Map(entries), where };
  }

  #entry({ key, value }: Pair, map: YAMLMap): Entry {
    const node = key as Node | null;
    const where = this.#where(node, this.#where(map));
    this.#count(where);
    const target = node === null ? null : this.#follow(node);
    if (!isScalar(target)) {
      throw new ConfigError(`${where}: a key that is not text`, 'Write keys as "key: value".');
    }

    const text = typeof target.value === 'string' ? target.value : (target.source ?? '');
    return { key: showExpressions(text), where, value: value as Node | null };
  }

  #isMerge({ key }: Pair): boolean {
    if (!isScalar(key)) return false;
    return typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN');
  }

  #merged({ key, value }: Pair): Entry[] {
    const where = this.#where(key as Node);
    this.#count(where);
    const target = value === null ? null : this.#follow(value as Node);
    const sources = isSeq(target) ? (target.items as Node[]) : [target];
    return sources.flatMap((source) => {
      const entries = this.#deeper(where, () => this.entries(source));
      if (entries !== undefined) return entries;
      throw new ConfigError(
        `${where}: "<<" merges something that is not a map`,
        'Give it the alias of a map: <<: *name',
      );
    });
  }

  #follow(node: Node): Node {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#source.document);
    if (target !== undefined) return target;
    // The name is not shown: it may be a password that begins with "*".
    throw new ConfigError(
      `${this.#where(node)}: a value that begins with "*" is an alias, and no anchor of that name comes before it`,
      'Put quotes around the value if the "*" is part of it.',
    );
  }

  #where(node: Node | null, otherwise = ''): string {
    return node?.range ? this.#source.where(node.range[0]) : otherwise;
  }

  #deeper<T>(where: string, work: () => T): T {
    if (this.#depth >= MAX_DEPTH) {
      throw new ConfigError(`${where}: aliases form a circle, or are nested too deeply`, 'Use fewer aliases.');
    }

    this.#depth += 1;
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #count(where: string): void {
    this.#left -= 1;
    if (this.#left >= 0) return;
    throw new ConfigError(`${where}: aliases expand to more than ${MAX_VALUES} values`, 'Use fewer aliases.');
  }
}

interface ScalarContext {
  readonly where: string;
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

function scalar(value: unknown, source: string | undefined, { where, name, env }: ScalarContext): Setting {
  if (typeof value !== 'string') {
    const known =
      value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
    // Only explicit YAML tags give other types (dates, binary). Their text is handled like any text.
    return { kind: 'scalar', value: known ? value : (source ?? ''), shown: source, where };
  }

  const text = showExpressions(value);
  try {
    return { kind: 'scalar', value: interpolate(text, env), shown: withoutDefaults(text), where };
  } catch (error) {
    if (!(error instanceof InterpolationProblem)) throw error;
    throw new ConfigError(`${where}: ${name}: ${error.message}`, error.hint);
  }
}
