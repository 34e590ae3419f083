import type { ArrayKey, ArrayValue, CustomValue, EnumValue, ObjectValue, ReferenceValue, Value } from '../value.js';

/**
 * A value as PHP has it in memory: what is the same is the same node, where a `Value` counts places as `serialize()` does.
 * The formats that count otherwise are read into this and written from it. An array that is two nodes' child is shared
 * until one of them is written to, as PHP shares it: it is one value, and yet two.
 */
export type Node = Content | Variable;

/** What a variable can hold. */
export type Content = ArrayNode | ObjectLike | Scalar;

export type Scalar = Exclude<Value, ArrayValue | CustomValue | EnumValue | ObjectValue | ReferenceValue>;

/** What has an identity, and is never copied. */
export type ObjectLike = CustomValue | EnumValue | ObjectNode;

export interface ArrayNode {
  readonly type: 'array';
  readonly entries: Member[];
  /** Where it was read, in bytes from the start. */
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

/** A place that others refer to: PHP's `&`. */
export interface Variable {
  readonly type: 'variable';
  readonly content: Content;
}

export function variable(content: Content): Variable {
  return { type: 'variable', content };
}

/** What stands there, whether others refer to the place or not. */
export function contentOf(node: Node): Content {
  return node.type === 'variable' ? node.content : node;
}

export function isObjectLike(content: Content): content is ObjectLike {
  return content.type === 'custom' || content.type === 'enum' || content.type === 'object';
}

/** What is within it, if it can have anything within. */
export function membersOf(content: Content): Member[] | undefined {
  if (content.type === 'array') return content.entries;
  return content.type === 'object' ? content.properties : undefined;
}
