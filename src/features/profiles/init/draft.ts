import { Document, Scalar, type YAMLMap } from 'yaml';

import type { Setting } from '../../../profiles/settings.js';
import type { StatedProfile } from '../../../profiles/stated.js';

import { maskUrl } from '../../../profiles/mask.js';
import { isSecret } from '../../../profiles/settings.js';

/** A profile as it will be written, and the variables that hold its secrets. */
export interface Draft {
  readonly name: string;
  /** Its keys in YAML, not indented. */
  readonly yaml: string;
  /** Variables of the environment that must be set. */
  readonly variables: readonly string[];
}

/**
 * Write the settings of a profile as YAML with a comment for each. A secret becomes `${NAME}`: the variable that holds it
 * in a Laravel application, or one named after the profile.
 */
export function draftOf(name: string, { fields }: StatedProfile, relative: (path: string) => string): Draft {
  const variables: string[] = [];
  const document = new Document(new Map());
  const isRedis = fields.text('driver') === 'redis';

  const plain = (key: string, setting: Setting): unknown => {
    if (setting.kind === 'list') return setting.items.map((item) => plain(key, item));
    if (setting.kind === 'map') return mapOf(setting.entries);
    if (isHidden(key, String(setting.value))) {
      const variable = /^\$\{(\w+)\}$/.exec(setting.shown ?? '')?.[1] ?? variableFor(name, key);
      variables.push(variable);
      return `\${${variable}}`;
    }

    if (PATHS.has(key)) return relative(String(setting.value));
    const isNumber = key === 'port' || key === 'compressionLevel' || (key === 'database' && isRedis);
    if (typeof setting.value !== 'string') return setting.value;
    return isNumber ? Number(setting.value) : escaped(setting.value);
  };

  const mapOf = (entries: ReadonlyMap<string, Setting>): YAMLMap => {
    const map = document.createNode(new Map()) as unknown as YAMLMap;
    for (const [key, setting] of [...entries].sort(([a], [b]) => rank(a) - rank(b))) {
      const value = document.createNode(plain(key, setting));
      const comment = setting.kind === 'scalar' && isHidden(key, String(setting.value)) ? SECRET : COMMENTS[key];
      if (comment !== undefined && value instanceof Scalar) value.comment = ` ${comment}`;
      map.set(document.createNode(key), value);
    }

    return map;
  };

  document.contents = mapOf(fields.entries) as never;
  return { name, yaml: document.toString({ lineWidth: 0 }), variables: [...new Set(variables)] };
}

/** The order of keys in the file; others come after them. */
const ORDER = [
  'driver',
  'url',
  'host',
  'port',
  'socket',
  'cluster',
  'sentinels',
  'servers',
  'hosts',
  'path',
  'database',
];
const PATHS: ReadonlySet<string> = new Set(['ca', 'cert', 'key', 'path', 'socket']);
const SECRET = 'from the environment';
const COMMENTS: Readonly<Record<string, string>> = {
  connectionPrefix: "what the application's client library prepends to every key",
  prefix: "what the application's cache prepends to every key",
  protected: "destructive commands ask for the profile's name",
  serializer: "as in the application's options",
  compression: "as in the application's options",
  distribution: 'which server has which key',
};

function rank(key: string): number {
  const at = ORDER.indexOf(key);
  return at === -1 ? ORDER.length : at;
}

function isHidden(key: string, value: string): boolean {
  // MongoDB's options are secret only if they hold a token.
  if (key === 'options') return /pass|secret|token/i.test(value);
  return isSecret(key) || (value.includes('://') && maskUrl(value) !== value);
}

/** `SHOP_PASSWORD`. */
function variableFor(profile: string, key: string): string {
  const words = `${profile}_${key.replaceAll(/(?=[A-Z])/g, '_')}`;
  return words
    .toUpperCase()
    .replaceAll(/[^\dA-Z]+/g, '_')
    .replace(/^(?=\d)/, '_');
}

/** Literal dollar signs. */
function escaped(text: string): string {
  return text.replaceAll(/\$(?=[${])/g, '$$$$');
}
