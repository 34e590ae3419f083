import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Check types and write the declarations for driver authors. */
export function writeDeclarations(root, folder) {
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const args = [tsc, '-p', root, '--emitDeclarationOnly', '--outDir', folder];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error('type check failed');
  keepDeclarationsOf(folder, 'index.d.ts', 'testing/index.d.ts');
}

/** Remove declarations that the entries do not import, directly or indirectly. */
function keepDeclarationsOf(folder, ...entries) {
  const kept = new Set(entries);
  for (const file of kept) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, module] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      kept.add(path.join(path.dirname(file), `${module}.d.ts`));
    }
  }

  for (const file of readdirSync(folder, { recursive: true })) {
    if (file.endsWith('.ts') && !kept.has(file)) rmSync(path.join(folder, file));
  }
}
