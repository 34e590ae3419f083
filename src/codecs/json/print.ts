import type { Value } from '../value.js';

import { type Branch, type Node, toTree } from './tree.js';

/**
 * A value as JSON on one line, for programs. What JSON has no word for is an object with one member that begins with `$`:
 * `{"$base64": …}` a string that is not UTF-8, `{"$float": "INF"}`, `{"$class": …, …}` an object with its members named as
 * print_r names them (`name:protected`), `{"$enum": "Suit::Hearts"}`, `{"$class": …, "$serialized": …}` an object with a
 * format of its own, `{"$ref": "$.path"}` a reference to an array or object, with the path of where it stands first.
 *
 * A reference to a scalar prints the scalar, a string over 256 bytes by its path; of a long path the end is told, `$….b.c`.
 * `{"$ref": null}` is a reference behind an object with a format of its own, when only the class can know what it means.
 */
export function toJson(value: Value): string {
  return lay(toTree(value), compactLayout);
}

/** The same for people: what fits on a line stays on one, the rest is indented by two. */
export function toPrettyJson(value: Value): string {
  return lay(toTree(value), prettyLayout);
}

/** How a branch is written at a depth. */
interface Layout {
  readonly open: string;
  readonly separator: string;
  readonly afterName: string;
  readonly close: string;
}

const LINE = 80;
/** Where a line is all indent; indenting further would make deep data many times as long. */
const DEEPEST_INDENT = LINE / 2;

const COMPACT: Layout = { open: '', separator: ',', afterName: ':', close: '' };
const ONE_LINE: Layout = { open: '', separator: ', ', afterName: ': ', close: '' };

function compactLayout(): Layout {
  return COMPACT;
}

function prettyLayout(branch: Branch, depth: number, name: string): Layout {
  if (depth >= DEEPEST_INDENT) return ONE_LINE;
  // Behind it may come a comma.
  const columns = LINE - 2 * depth - 1 - (name === '' ? 0 : name.length + ONE_LINE.afterName.length);
  if (columnsLeft(branch, columns) >= 0) return ONE_LINE;
  const indent = `\n${'  '.repeat(depth + 1)}`;
  return { open: indent, separator: `,${indent}`, afterName: ': ', close: `\n${'  '.repeat(depth)}` };
}

/** How many columns of a line remain. Stops looking when none do, so a large branch costs no more than a line. */
function columnsLeft({ members }: Branch, columns: number): number {
  let left = columns - BRACKETS;
  for (const { name = '', node } of members) {
    left -= name.length + SEPARATORS;
    if (left < 0) break;
    left = node.kind === 'leaf' ? left - node.text.length : columnsLeft(node, left);
  }

  return left;
}

const BRACKETS = 2;
/** `: ` and `, `. */
const SEPARATORS = 4;

function lay(root: Node, layoutOf: (branch: Branch, depth: number, name: string) => Layout): string {
  const parts: string[] = [];
  // Last first; nesting is bounded by memory, not by the stack.
  const pending: Array<string | { node: Node; depth: number; name: string }> = [{ node: root, depth: 0, name: '' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') parts.push(next);
    else if (next.node.kind === 'leaf') parts.push(next.node.text);
    else {
      const { node: branch, depth, name: ownName } = next;
      const [start, end] = branch.kind === 'list' ? '[]' : '{}';
      if (branch.members.length === 0) {
        parts.push(start! + end!);
        continue;
      }

      const layout = layoutOf(branch, depth, ownName);
      parts.push(start! + layout.open);
      pending.push(layout.close + end!);
      for (let index = branch.members.length - 1; index >= 0; index--) {
        const { name = '', node } = branch.members[index]!;
        pending.push(
          { node, depth: depth + 1, name },
          (index > 0 ? layout.separator : '') + (name && name + layout.afterName),
        );
      }
    }
  }

  return parts.join('');
}
