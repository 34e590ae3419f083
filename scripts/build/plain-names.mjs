// esbuild sees to it that functions and classes keep their names, by a call for each, whether it had to rename them or not.
// Where it had not, the call costs time at every start and says what is so anyway.
import ts from 'typescript';

import { edited } from './edits.mjs';

/** Without the calls of esbuild's `__name` that change nothing. */
export function withoutNeedlessNames(code) {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const edits = [];
  const visit = (node) => {
    if (isNaming(node)) edits.push(...withoutNaming(node));
    ts.forEachChild(node, visit);
  };

  visit(source);
  return edited(code, edits);
}

function isNaming(node) {
  return (
    ts.isCallExpression(node) &&
    node.expression.getText() === '__name' &&
    node.arguments.length === 2 &&
    ts.isStringLiteral(node.arguments[1])
  );
}

function withoutNaming(call) {
  const [named, { text: name }] = call.arguments;
  const { parent } = call;
  if (ts.isExpressionStatement(parent)) {
    const { parent: block } = parent.parent;
    // class A { static { __name(this, "A"); } }
    if (block !== undefined && ts.isClassStaticBlockDeclaration(block)) {
      return nameOfClass(block.parent) === name ? [removed(block)] : [];
    }

    // function a() {} __name(a, "a");
    return named.kind === ts.SyntaxKind.Identifier && named.text === name ? [removed(parent)] : [];
  }

  // const a = __name(() => {}, "a"); { a: __name(() => {}, "a") }
  const isNamedSo = nameFromPlace(call) === name && named.name === undefined;
  if (!isNamedSo) return [];
  return [
    { start: call.getStart(), end: named.getStart(), text: '' },
    { start: named.end, end: call.end, text: '' },
  ];
}

function nameOfClass(node) {
  return node.name === undefined ? nameFromPlace(node) : node.name.text;
}

/** What the language calls a function or class without a name that stands there. */
function nameFromPlace(node) {
  const { parent } = node;
  const isNaming = (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.initializer === node;
  const hasName = isNaming && (ts.isIdentifier(parent.name) || ts.isStringLiteral(parent.name));
  return hasName ? parent.name.text : undefined;
}

function removed(node) {
  return { start: node.getStart(), end: node.end, text: '' };
}
