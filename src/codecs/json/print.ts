import type { Value } from '../value.js';

import { type Branch, type Node, toTree } from './tree.js';

/**
 * Print a value as JSON on one line, for programs. Values that JSON lacks become objects with a `$` member:
 * - `{"$base64": …}`: a string that is not UTF-8
 * - `{"$float": "INF"}`: an infinite float or NAN
 * - `{"$class": …, …}`: an object, with members named like print_r (`name:protected`)
 * - `{"$class": …, "$serialized": …}`: an object with its own serialization format
 * - `{"$enum": "Suit::Hearts"}`: an enum case
 * - `{"$ref": "$.path"}`: a reference to an array or object, by the path of its first occurrence. A long path is cut
 *   at its start: `$….b.c`.
 * - `{"$ref": null}`: a reference after an object with its own format. Only the class knows its target.
 *
 * A reference to a scalar prints the scalar, or the path of a string over 256 bytes.
 */
export function toJson(value: Value): string {
  return render(toTree(value), compactLayout);
}

/** The same for people: arrays and objects that do not fit on a line are broken and indented by two. */
export function toPrettyJson(value: Value): string {
  return render(toTree(value), prettyLayout);
}

/** The separators and line breaks of one array or object. */
interface Layout {
  readonly open: string;
  readonly separator: string;
  readonly afterName: string;
  readonly close: string;
}

const LINE = 80;
/** The maximum indent. Unlimited indents would make deep data many times longer. */
const DEEPEST_INDENT = LINE / 2;

const COMPACT: Layout = { open: '', separator: ',', afterName: ':', close: '' };
const ONE_LINE: Layout = { open: '', separator: ', ', afterName: ': ', close: '' };

function compactLayout(): Layout {
  return COMPACT;
}

function prettyLayout(branch: Branch, depth: number, name: string): Layout {
  if (depth >= DEEPEST_INDENT) return ONE_LINE;
  // One column is for a comma after it.
  const columns = LINE - 2 * depth - 1 - (name === '' ? 0 : name.length + ONE_LINE.afterName.length);
  if (columnsLeft(branch, columns) >= 0) return ONE_LINE;
  const indent = `\n${'  '.repeat(depth + 1)}`;
  return { open: indent, separator: `,${indent}`, afterName: ': ', close: `\n${'  '.repeat(depth)}` };
}

/** The columns that remain on a line. Stops once none do, so a large branch costs no more than a line. */
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
/** The length of `: ` and `, `. */
const SEPARATORS = 4;

function render(root: Node, layoutOf: (branch: Branch, depth: number, name: string) => Layout): string {
  const parts: string[] = [];
  // An explicit stack, last item first, so deep nesting cannot overflow the call stack.
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
