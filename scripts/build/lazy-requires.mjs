// Most runs use a small part of the program. This rewrites a CommonJS file to require each module on first use:
//
//   const a_1 = require("a"); a_1.b();   becomes   let a_1$; const a_1 = () => a_1$ ??= require("a"); a_1().b();
//
// A name keeps its plain require unless every use reads a member, calls it or is a `new` expression. The program must
// not rely on side effects of loading a module.
import ts from 'typescript';

/** The requires that TypeScript and esbuild generate for imports, one per statement. */
const REQUIRED = /^(?:(?:__importDefault|__importStar|__toESM)\()?require\(["'][^"']+["']\)(?:, 1\))?\)?$/;

/** Return `code` with lazy requires. */
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

/** The statements that only require a module, by variable name. */
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

/** The uses of each name. Drops names with any other kind of use, which may be shadowed. */
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
