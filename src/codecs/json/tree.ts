import { isUtf8 } from 'node:buffer';

import type { ArrayKey, ArrayValue, ObjectValue, ReferenceValue, Value } from '../value.js';

import { HIDDEN, Slots } from '../php/slots.js';
import { isList, STD_CLASS } from '../value.js';
import { floatToJson, quoted } from './text.js';

/** A JSON document before layout. */
export type Node = Branch | Leaf;

export interface Leaf {
  readonly kind: 'leaf';
  readonly text: string;
}

export interface Branch {
  readonly kind: 'list' | 'object';
  readonly members: Member[];
}

/** `name` is quoted JSON text. Undefined in a list. */
export interface Member {
  readonly name?: string;
  node: Node;
}

/**
 * Build the document of a value. Each value is visited once, so cycles end. References repeat a bounded length, so the
 * document stays proportional to the stored value.
 */
export function toTree(root: Value): Node {
  const slots = new Slots<Visited>();
  const top: Member = { node: NOTHING };
  // Visited in the order of PHP's slots, which references point at. The last item is next.
  const pending: Visit[] = [{ value: root, into: top, path: undefined }];
  for (let visit = pending.pop(); visit; visit = pending.pop()) {
    const { value, into, path } = visit;
    if (value.type === 'reference') {
      const visited = slots.at(value.target);
      if (value.kind === 'object') slots.add(visited === HIDDEN || !visited ? visit : visited);
      into.node = referred(visited);
      continue;
    }

    slots.add(visit);
    if (value.type === 'custom' && !value.isSealed) slots.addHidden(value.data.length);
    into.node = shallow(value, (children) => {
      for (const { name, value, into } of children.toReversed()) {
        pending.push({ value, into, path: { parent: path, name } });
      }
    });
  }

  return top.node;
}

interface Visited {
  readonly value: Value;
  readonly path: Path | undefined;
}

/** A path in the document, from the leaf up. `name` is quoted JSON text, or the index in a list. */
interface Path {
  readonly parent: Path | undefined;
  readonly name: number | string;
}

interface Visit extends Visited {
  readonly into: Member;
}

interface Child {
  readonly value: Value;
  readonly into: Member;
  readonly name: number | string;
}

const NOTHING: Leaf = { kind: 'leaf', text: 'null' };

/** Build the node of a value, and pass its children on to be filled in later. */
function shallow(value: Exclude<Value, ReferenceValue>, visitLater: (children: readonly Child[]) => void): Node {
  if (value.type === 'array') {
    if (isList(value)) {
      const items = value.entries.map(([, item], index) => ({ value: item, into: { node: NOTHING }, name: index }));
      visitLater(items);
      return { kind: 'list', members: items.map(({ into }) => into) };
    }

    const children = value.entries.map(([key, item]) => named(keyText(key), item));
    visitLater(children);
    return { kind: 'object', members: children.map(({ into }) => into) };
  }

  if (value.type === 'object') {
    const isPlain = value.class.equals(STD_CLASS);
    const children = value.properties.map(([key, item]) =>
      named(isPlain ? keyText(key) : propertyName(value, key), item),
    );
    visitLater(children);
    const members = children.map(({ into }) => into);
    return {
      kind: 'object',
      members: isPlain ? members : [{ name: '"$class"', node: bytesNode(value.class) }, ...members],
    };
  }

  return scalar(value);
}

function named(name: string, value: Value): Child {
  return { name, value, into: { name, node: NOTHING } };
}

function scalar(value: Exclude<Value, ArrayValue | ObjectValue | ReferenceValue>): Node {
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

function referred(visited: Visited | typeof HIDDEN | undefined): Node {
  if (visited === HIDDEN || !visited || visited.value.type === 'reference') return special([['$ref', NOTHING]]);
  const { value } = visited;
  if (value.type !== 'array' && value.type !== 'object' && isShort(value)) return scalar(value);
  return special([['$ref', leaf(JSON.stringify(jsonPath(visited.path)))]]);
}

/** The longest value or path that a reference repeats, in bytes or characters. */
const MAX_REPETITION = 256;

function isShort(value: Exclude<Value, ArrayValue | ObjectValue | ReferenceValue>): boolean {
  switch (value.type) {
    case 'custom': {
      return value.class.length + value.data.length <= MAX_REPETITION;
    }

    case 'enum': {
      return value.class.length + value.case.length <= MAX_REPETITION;
    }

    case 'string': {
      return value.value.length <= MAX_REPETITION;
    }

    default: {
      return true;
    }
  }
}

/** `$.a[0]["b c"]`. A long path is cut at its start: `$….b.c`. */
function jsonPath(path: Path | undefined): string {
  let text = '';
  for (let at = path; at; at = at.parent) {
    const length = typeof at.name === 'string' ? at.name.length : INDEX_LENGTH;
    if (text.length + length > MAX_REPETITION) return `$…${text}`;
    text = stepText(at.name) + text;
  }

  return `$${text}`;
}

const INDEX_LENGTH = 12;

function stepText(name: number | string): string {
  if (typeof name === 'number') return `[${name}]`;
  return /^"[A-Za-z_]\w*"$/.test(name) ? `.${name.slice(1, -1)}` : `[${name}]`;
}

function keyText(key: ArrayKey): string {
  return typeof key === 'bigint' ? `"${key}"` : jsonString(key);
}

/** Name a property like print_r. `\0*\0name` is protected, `\0Class\0name` private. */
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

/** Quote bytes as a JSON string. Bytes that are not UTF-8 are read as Latin-1. */
function jsonString(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString() : bytes.toString('latin1');
  return quoted(text);
}

function leaf(text: string): Leaf {
  return { kind: 'leaf', text };
}

function special(members: ReadonlyArray<readonly [string, Node]>): Branch {
  return { kind: 'object', members: members.map(([name, node]) => ({ name: `"${name}"`, node })) };
}
