// Makes the modules that a CommonJS file requires be loaded when the file first uses them, rather than when it is loaded
// itself. Most runs of the program use little of what it is made of, and what is not run need not be read either.
import ts from 'typescript';

import { edited } from './edits.mjs';

/** What TypeScript and esbuild write for an import, each as a statement of its own. */
const REQUIRED = /^(?:(?:__importDefault|__importStar|__toESM)\()?require\(["'][^"']+["']\)(?:, 1\))?\)?$/;

/**
 * `const a_1 = require("a"); a_1.b();` becomes `let a_1$;const a_1=()=>a_1$??=require("a"); (a_1()).b();`. What is only handed
 * on, `exports.b = a_1.b;`, becomes a getter. Left as it is: what is used otherwise than by its members or by calling it,
 * and what is used while the file itself is loaded, which is as early as ever.
 */
export function withLazyRequires(code) {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const required = requiredBy(source);
  if (required.size === 0) return code;
  const uses = usesOf(required, source);
  const edits = [...required].flatMap(([name, { statement, initializer }]) => {
    const places = uses.get(name);
    if (places === undefined) return [];
    const declaration = `let ${name}$;const ${name}=()=>${name}$??=${initializer.getText()};`;
    return [
      { start: statement.getStart(), end: statement.end, text: declaration },
      ...places.map((place) => useOf(name, place, source)),
    ];
  });
  return edited(code, edits);
}

function useOf(name, place, source) {
  const handing = handingOn(place, source);
  if (handing === undefined) return { start: place.getStart(), end: place.end, text: `(${name}())` };
  const { statement, object, member, value } = handing;
  const getter = `get:()=>${name}().${value},enumerable:true,configurable:true`;
  return {
    start: statement.getStart(),
    end: statement.end,
    text: `Object.defineProperty(${object},"${member}",{${getter}});`,
  };
}

/** `object.member = place.value;`, a statement of the file's own, where nothing else is put there or taken from there. */
function handingOn(place, source) {
  const value = place.parent;
  const assignment = value.parent;
  const statement = assignment.parent;
  const isHandingOn =
    ts.isPropertyAccessExpression(value) &&
    ts.isBinaryExpression(assignment) &&
    assignment.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    assignment.right === value &&
    ts.isPropertyAccessExpression(assignment.left) &&
    ts.isIdentifier(assignment.left.expression) &&
    ts.isExpressionStatement(statement) &&
    statement.parent === source;
  if (!isHandingOn) return;
  const [object, member] = [assignment.left.expression.text, assignment.left.name.text];
  return { statement, object, member, value: value.name.text };
}

/** By their names. */
function requiredBy(source) {
  const required = new Map();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [declaration, another] = statement.declarationList.declarations;
    const { name, initializer } = declaration;
    if (another !== undefined || initializer === undefined || !ts.isIdentifier(name)) continue;
    if (REQUIRED.test(initializer.getText())) required.set(name.text, { statement, name, initializer });
  }

  return required;
}

/** Where each is used; without those that are used otherwise, which may be other things of the same name. */
function usesOf(required, source) {
  const uses = new Map([...required.keys()].map((name) => [name, []]));
  const visit = (node) => {
    if (ts.isIdentifier(node) && required.has(node.text) && required.get(node.text).name !== node) {
      if (isPlainUse(node)) uses.get(node.text)?.push(node);
      else if (!isNameOfMember(node)) uses.delete(node.text);
    }

    ts.forEachChild(node, visit);
  };

  visit(source);
  return uses;
}

/** `node.member`, `node[member]`, `node()`, `new node()` */
function isPlainUse(node) {
  const { parent } = node;
  const isUse =
    ts.isPropertyAccessExpression(parent) ||
    ts.isElementAccessExpression(parent) ||
    ts.isCallExpression(parent) ||
    ts.isNewExpression(parent);
  return isUse && parent.expression === node;
}

/** `object.node`, `{ node: ... }` */
function isNameOfMember(node) {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}
