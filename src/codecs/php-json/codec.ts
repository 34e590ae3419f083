import { isUtf8 } from 'node:buffer';

import type { Codec } from '../codec.js';
import type { ArrayKey, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { fromValue } from '../graph/from-value.js';
import { type ArrayNode, type Content, contentOf, type Member, type Node, type ObjectNode } from '../graph/graph.js';
import { decodeJson, jsonCodec } from '../json/codec.js';
import { phpArray } from '../json/parse.js';
import { excerpt } from '../json/text.js';
import { serializedFloat } from '../php/numeric.js';

/**
 * JSON as PHP's `json_encode` writes it for phpredis: ASCII, with slashes and angle brackets escaped, and whole
 * floats as integers. php-memcached does not escape angle brackets. Each reads both.
 */
export const phpJsonCodec: Codec = { name: 'json', encode, decode: (bytes) => jsonCodec.decode(bytes) };

/** The same as phpredis reads it: every object becomes an array. */
export const phpredisJsonCodec: Codec = { name: 'json', encode, decode: (bytes) => decodeJson(bytes, phpArray) };

function encode(value: Value): Buffer {
  return Buffer.from(encoded(fromValue(value), 0), 'latin1');
}

/** PHP's own limit for writing and reading. A value that contains itself would have no end. */
const DEEPEST = 512;

function encoded(node: Node, depth: number): string {
  const content = contentOf(node);
  switch (content.type) {
    case 'array':
    case 'object': {
      if (depth >= DEEPEST) throw unholdable(`more than ${DEEPEST} levels`);
      return content.type === 'array' ? encodedArray(content, depth + 1) : encodedObject(content, depth + 1);
    }

    case 'boolean':
    case 'integer': {
      return String(content.value);
    }

    case 'float': {
      if (Number.isFinite(content.value)) return serializedFloat(content.value).toLowerCase();
      throw unholdable(`the float ${content.value}`);
    }

    case 'null': {
      return 'null';
    }

    case 'string': {
      return quoted(content.value);
    }

    default: {
      throw unholdable(`the ${nameOf(content)}, which only PHP could turn into JSON`);
    }
  }
}

function encodedArray({ entries }: ArrayNode, depth: number): string {
  if (!entries.every(([key], index) => key === BigInt(index))) return membersOf(entries, depth);
  return `[${entries.map(([, item]) => encoded(item, depth)).join(',')}]`;
}

/** JSON holds public properties only. A class with other properties may encode itself differently. */
function encodedObject(object: ObjectNode, depth: number): string {
  if (object.properties.every(([key]) => typeof key === 'bigint' || key[0] !== 0)) {
    return membersOf(object.properties, depth);
  }

  throw unholdable(`the ${nameOf(object)}, which only PHP could turn into JSON`);
}

function membersOf(members: readonly Member[], depth: number): string {
  return `{${members.map(([key, node]) => `${quotedKey(key)}:${encoded(node, depth)}`).join(',')}}`;
}

function quotedKey(key: ArrayKey): string {
  return typeof key === 'bigint' ? `"${key}"` : quoted(key);
}

function quoted(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw unholdable('a string that is not UTF-8');
  return JSON.stringify(bytes.toString()).replaceAll(ESCAPED, (character) => {
    if (character === '/') return String.raw`\/`;
    const hex = character.codePointAt(0)!.toString(16).padStart(4, '0');
    return String.raw`\u` + (character < '\u0080' ? hex.toUpperCase() : hex);
  });
}

/** Escaped beyond JSON's own rules, one surrogate at a time. */
const ESCAPED = /[/<>]|[\u0080-\uFFFF]/g;

function nameOf(content: Content): string {
  return 'class' in content ? `object of class ${excerpt(content.class.toString())}` : content.type;
}

function unholdable(what: string): InputError {
  return new InputError(
    `JSON cannot hold ${what}`,
    'Store another value, or use a profile with another serializer than json, as the application does.',
  );
}
