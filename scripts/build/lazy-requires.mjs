// Most runs of the program use little of what it is made of. This makes a CommonJS file require a module when it first uses
// it, rather than when it is loaded itself:
//
//   const a_1 = require("a"); a_1.b();   becomes   let a_1$; const a_1 = () => a_1$ ??= require("a"); a_1().b();
//
// A name that is used otherwise than by its members, by calling it or with `new` keeps its plain require. The program must not
// rely on what loading a module does besides.
import ts from 'typescript';

/** What TypeScript and esbuild write for an import, each as a statement of its own. */
const REQUIRED = /^(?:(?:__importDefault|__importStar|__toESM)\()?require\(["'][^"']+["']\)(?:, 1\))?\)?$/;

/** `code`, whose requires are lazy. */
export function withLazyRequires(code) {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const required = requiredBy(source);
  const uses = usesOf(required, source);
  const edits = [...uses].flatMap(([name, places]) => {
    const { statement, initializer } = required.get(name);
    const declaration = `let ${name}$;const ${name}=()=>${name}$??=${initializer.getText()};`;
    return [[statement, declaration], ...places.map((place) => [place, `(${name}())`])];
  });
  return edits
    .toSorted(([a], [b]) => b.end - a.end)
    .reduce((text, [node, by]) => text.slice(0, node.getStart()) + by + text.slice(node.end), code);
}

/** The statements that only require a module, by the name that they give it. */
function requiredBy(source) {
  const declared = source.statements
    .filter((statement) => ts.isVariableStatement(statement) && statement.declarationList.declarations.length === 1)
    .map((statement) => ({ statement, ...statement.declarationList.declarations[0] }));
  return new Map(
    declared
      .filter(({ name, initializer }) => ts.isIdentifier(name) && initializer && REQUIRED.test(initializer.getText()))
      .map(({ statement, name, initializer }) => [name.text, { statement, name, initializer }]),
  );
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
  const isUse = [ts.isPropertyAccessExpression, ts.isElementAccessExpression, ts.isCallExpression, ts.isNewExpression];
  return isUse.some((is) => is(parent)) && parent.expression === node;
}

/** `object.node`, `{ node: ... }` */
function isNameOfMember(node) {
  const { parent } = node;
  return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}
