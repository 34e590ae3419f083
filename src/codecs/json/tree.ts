import { isUtf8 } from 'node:buffer';

import type { ArrayKey, ObjectValue, Value } from '../value.js';

import { isList } from '../value.js';
import { floatToJson } from './numbers.js';

/** A JSON document that is yet to be laid out. */
export type Node = Branch | Leaf;

export interface Leaf {
  readonly kind: 'leaf';
  readonly text: string;
}

export interface Branch {
  readonly kind: 'list' | 'object';
  readonly members: Member[];
}

/** `name` is JSON text already, and undefined in a list. */
export interface Member {
  readonly name?: string;
  node: Node;
}

/** The document of a value. Each value is visited once, and nothing is expanded twice, so cycles end. */
export function toTree(root: Value): Node {
  const places: Place[] = [];
  const top: Member = { node: NOTHING };
  // In the order in which PHP counts the places that references point at; last first.
  const pending: Visit[] = [{ value: root, into: top, path: undefined }];
  for (let visit = pending.pop(); visit; visit = pending.pop()) {
    const { value, into, path } = visit;
    if (value.type === 'reference') {
      const place = places[value.target - 1];
      if (value.kind === 'object') places.push(place ?? { value, path });
      into.node = referred(place);
      continue;
    }

    places.push({ value, path });
    into.node = shallow(value, (children) => {
      for (const child of children.toReversed()) pending.push({ ...child, path: { parent: path, step: child.step } });
    });
  }

  return top.node;
}

interface Place {
  readonly value: Value;
  readonly path: Path | undefined;
}

/** A place in the document, from the leaf up. */
interface Path {
  readonly parent: Path | undefined;
  readonly step: string;
}

interface Visit extends Place {
  readonly into: Member;
}

interface Child {
  readonly value: Value;
  readonly into: Member;
  readonly step: string;
}

const NOTHING: Leaf = { kind: 'leaf', text: 'null' };

/** The node of a value; its children are handed out to be filled in. */
function shallow(value: Exclude<Value, { type: 'reference' }>, visitLater: (children: Child[]) => void): Node {
  if (value.type === 'array') {
    const kind = isList(value) ? 'list' : 'object';
    const children = value.entries.map(([key, item]) => childOf(kind === 'list' ? undefined : keyText(key), key, item));
    visitLater(children);
    return { kind, members: children.map(({ into }) => into) };
  }

  if (value.type === 'object') {
    const children = value.properties.map(([key, item]) => childOf(propertyName(value, key), key, item));
    visitLater(children);
    const members = children.map(({ into }) => into);
    const isPlain = value.class.toString() === 'stdClass';
    return {
      kind: 'object',
      members: isPlain ? members : [{ name: '"$class"', node: bytesNode(value.class) }, ...members],
    };
  }

  return scalar(value);
}

function scalar(value: Exclude<Value, { type: 'array' | 'object' | 'reference' }>): Node {
  switch (value.type) {
    case 'boolean':
    case 'integer': {
      return leaf(String(value.value));
    }

    case 'custom': {
      return special([
        ['$class', bytesNode(value.class)],
        ['$serialized', bytesNode(value.data)],
      ]);
    }

    case 'enum': {
      return special([['$enum', bytesNode(Buffer.concat([value.class, Buffer.from('::'), value.case]))]]);
    }

    case 'float': {
      if (Number.isFinite(value.value)) return leaf(floatToJson(value.value));
      const name = Number.isNaN(value.value) ? 'NAN' : value.value > 0 ? 'INF' : '-INF';
      return special([['$float', leaf(JSON.stringify(name))]]);
    }

    case 'null': {
      return NOTHING;
    }

    case 'string': {
      return bytesNode(value.value);
    }
  }
}

function referred(place: Place | undefined): Node {
  if (!place || place.value.type === 'reference') return NOTHING;
  if (place.value.type !== 'array' && place.value.type !== 'object') return scalar(place.value);
  return special([['$ref', leaf(JSON.stringify(jsonPath(place.path)))]]);
}

function jsonPath(path: Path | undefined): string {
  const steps: string[] = [];
  for (let at = path; at; at = at.parent) steps.unshift(at.step);
  return `$${steps.join('')}`;
}

function childOf(name: string | undefined, key: ArrayKey, value: Value): Child {
  const into: Member = name === undefined ? { node: NOTHING } : { name, node: NOTHING };
  return { value, into, step: name === undefined ? `[${String(key)}]` : stepOf(name) };
}

/** `.name`, or `["a b"]`. */
function stepOf(name: string): string {
  return /^"[A-Za-z_]\w*"$/.test(name) ? `.${name.slice(1, -1)}` : `[${name}]`;
}

function keyText(key: ArrayKey): string {
  return typeof key === 'bigint' ? `"${key}"` : jsonString(key);
}

/** `\0*\0name` is protected, `\0Class\0name` private; named as print_r does. */
function propertyName({ class: owner }: ObjectValue, key: ArrayKey): string {
  if (typeof key === 'bigint' || key[0] !== 0) return keyText(key);
  const end = key.indexOf(0, 1);
  if (end === -1) return keyText(key);
  const scope = key.subarray(1, end);
  const name = key.subarray(end + 1);
  if (scope.toString() === '*') return jsonString(Buffer.concat([name, Buffer.from(':protected')]));
  const of = scope.equals(owner) ? '' : `:${scope.toString()}`;
  return jsonString(Buffer.concat([name, Buffer.from(`${of}:private`)]));
}

function bytesNode(bytes: Buffer): Node {
  if (isUtf8(bytes)) return leaf(jsonString(bytes));
  return special([['$base64', leaf(`"${bytes.toString('base64')}"`)]]);
}

/** A name that is not UTF-8 is shown with its bytes as Latin-1. */
function jsonString(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString() : bytes.toString('latin1');
  return JSON.stringify(text).replaceAll(/[\u007F-\u009F\u2028\u2029]/g, escaped);
}

/** What JSON allows bare and a terminal may obey. */
function escaped(character: string): string {
  return String.raw`\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}

function leaf(text: string): Leaf {
  return { kind: 'leaf', text };
}

function special(members: ReadonlyArray<readonly [string, Node]>): Branch {
  return { kind: 'object', members: members.map(([name, node]) => ({ name: `"${name}"`, node })) };
}
