// Most runs use a small part of the program. This rewrites a CommonJS file to require each module on first use:
//
//   const a_1 = require("a"); a_1.b();   becomes   let a_1$; const a_1 = () => a_1$ ??= require("a"); a_1().b();
//
// A name keeps its plain require unless every use reads a member, calls it or is a `new` expression. The program must
// not rely on side effects of loading a module.
import ts from 'typescript';

/** The requires that TypeScript and esbuild generate for imports, one per statement. */
const REQUIRED = /^(?:(?:__importDefault|__importStar|__toESM)\()?require\(["']([^"']+)["']\)(?:, 1\))?\)?$/;

/** `name.member`, `name[member]`, `name()`, `new name()` */
const USES = [ts.isPropertyAccessExpression, ts.isElementAccessExpression, ts.isCallExpression, ts.isNewExpression];

/**
 * Return `code` with lazy requires.
 * @param rare what becomes a chunk of its own, `inOwnChunk(import("./help"))`, because esbuild splits at `import()`
 */
export function withLazyRequires(code, rare = /^$/) {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const required = new Map();
  for (const statement of source.statements.filter((each) => ts.isVariableStatement(each))) {
    const [{ name, initializer }, ...others] = statement.declarationList.declarations;
    const [load, what] = REQUIRED.exec(initializer?.getText()) ?? [];
    if (load === undefined || others.length > 0 || !ts.isIdentifier(name)) continue;
    const loadOwn = load.replace(/require\([^)]+\)/, `inOwnChunk(import("${what}"))`);
    required.set(name.text, { statement, name, load: rare.test(what) ? loadOwn : load, uses: [] });
  }

  const visit = (node) => {
    const { parent } = node;
    const found = ts.isIdentifier(node) ? required.get(node.text) : undefined;
    if (found && found.name !== node) {
      if (parent.expression === node && USES.some((is) => is(parent))) found.uses.push(node);
      // Any other use, or a declaration that shadows the name.
      else if (parent.name !== node || !(ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)))
        required.delete(node.text);
    }

    ts.forEachChild(node, visit);
  };

  visit(source);
  const edits = [...required].flatMap(([name, { statement, load, uses }]) => [
    [statement, `let ${name}$;const ${name}=()=>${name}$??=${load};`],
    ...uses.map((use) => [use, `(${name}())`]),
  ]);
  return edits
    .toSorted(([a], [b]) => b.end - a.end)
    .reduce((text, [node, by]) => text.slice(0, node.getStart()) + by + text.slice(node.end), code);
}
