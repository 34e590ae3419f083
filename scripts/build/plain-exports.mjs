/** What esbuild writes for what a chunk exports. */
const EXPORTS =
  /var stdin_exports = \{\};\n__export\(stdin_exports, \{\n([^}]*)\n\}\);\nmodule\.exports = __toCommonJS\(stdin_exports\);\n/;
const EXPORT = /^ {2}(\w+|"[^"]+"): \(\) => ([\w$.]+),?$/;

/**
 * One object of getters in place of esbuild's two, for which it defines the functions that make them in each chunk anew:
 * of a small chunk that was the most.
 */
export function withPlainExports(code) {
  const [whole, list] = EXPORTS.exec(code) ?? [];
  if (whole === undefined) {
    if (code.includes('stdin_exports'))
      throw new Error('esbuild exports otherwise than it did: look how it does it now');
    return code;
  }

  const getters = list.split('\n').map((line) => {
    const [, name, local] = EXPORT.exec(line) ?? [];
    if (name === undefined) throw new Error(`esbuild exports otherwise than it did: ${line}`);
    return `get ${name}() { return ${local}; }`;
  });
  return code.replace(whole, () => `module.exports = { ${getters.join(', ')} };\n`);
}
