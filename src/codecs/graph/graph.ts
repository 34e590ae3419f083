import type { ArrayKey, ArrayValue, CustomValue, EnumValue, ObjectValue, ReferenceValue, Value } from '../value.js';

/**
 * A value as PHP holds it in memory: the same thing is the same node, while a `Value` counts slots like
 * `serialize()`. Formats that count differently are read into a graph and written from one. An array with two parents
 * is shared until one of them changes, as in PHP.
 */
export type Node = Content | Variable;

/** The content of a variable. */
export type Content = ArrayNode | ObjectLike | Scalar;

export type Scalar = Exclude<Value, ArrayValue | CustomValue | EnumValue | ObjectValue | ReferenceValue>;

/** A node with an identity, never copied. */
export type ObjectLike = CustomValue | EnumValue | ObjectNode;

export interface ArrayNode {
  readonly type: 'array';
  readonly entries: Member[];
  /** The byte offset at which it was read. */
  readonly at: number;
}

export interface ObjectNode {
  readonly type: 'object';
  readonly at: number;
  readonly class: Buffer;
  readonly properties: Member[];
  readonly isMadeByClass?: boolean | undefined;
}

export type Member = [ArrayKey, Node];

/** A variable that others refer to: PHP's `&`. */
export interface Variable {
  readonly type: 'variable';
  readonly content: Content;
}

export function variable(content: Content): Variable {
  return { type: 'variable', content };
}

/** The content of a node or of the variable that it is. */
export function contentOf(node: Node): Content {
  return node.type === 'variable' ? node.content : node;
}

export function isObjectLike(content: Content): content is ObjectLike {
  return content.type === 'custom' || content.type === 'enum' || content.type === 'object';
}
