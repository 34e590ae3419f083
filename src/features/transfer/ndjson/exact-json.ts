import { isUtf8 } from 'node:buffer';

import type { ArrayKey, Value } from '../../../codecs/value.js';

import { floatToJson } from '../../../codecs/json/numbers.js';
import { phpKey } from '../../../codecs/json/parse.js';
import { quoted } from '../../../codecs/json/quote.js';
import { isList } from '../../../codecs/value.js';

/** What the parser takes is deeper; so is hardly anything. */
const DEEPEST = 500;

/** The value as JSON that `parseJson` reads as the very same value; undefined where there is none. */
export function exactJson(value: Value, depth = 0): string | undefined {
  switch (value.type) {
    case 'array': {
      return depth > DEEPEST ? undefined : arrayJson(value.entries, isList(value), depth + 1);
    }

    case 'boolean':
    case 'integer': {
      return String(value.value);
    }

    case 'float': {
      const isPlain = value.text === undefined && Number.isFinite(value.value);
      return isPlain ? floatToJson(value.value) : undefined;
    }

    case 'null': {
      return 'null';
    }

    case 'string': {
      return isUtf8(value.value) ? quoted(value.value.toString()) : undefined;
    }

    default: {
      return undefined;
    }
  }
}

function arrayJson(
  entries: ReadonlyArray<readonly [ArrayKey, Value]>,
  isOfItems: boolean,
  depth: number,
): string | undefined {
  const names = new Set<string>();
  const parts: string[] = [];
  for (const [key, item] of entries) {
    const json = exactJson(item, depth);
    if (json === undefined) return undefined;
    if (isOfItems) {
      parts.push(json);
      continue;
    }

    const name = nameOf(key);
    if (name === undefined || names.has(name)) return undefined;
    names.add(name);
    parts.push(`${name}:${json}`);
  }

  return isOfItems ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

/** Undefined where the name would be read as another key. */
function nameOf(key: ArrayKey): string | undefined {
  if (typeof key === 'bigint') return `"${key}"`;
  return isUtf8(key) && typeof phpKey(key) !== 'bigint' ? quoted(key.toString()) : undefined;
}
