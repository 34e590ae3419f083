import { build } from 'esbuild';

/** Bundle `cachectl` and `cachectl/testing`, for driver authors, as ES modules. Returns esbuild's metafile. */
export async function buildLibrary(root, folder) {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: ['src/index.ts', 'src/testing/index.ts', 'src/testing/worker.ts'],
    outbase: 'src',
    outdir: folder,
    chunkNames: 'library/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A native module, and the test libraries that driver authors install.
    external: ['better-sqlite3', 'chai', 'mocha'],
    // Keep names for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'linked',
    // Bundled CommonJS packages expect these globals.
    banner: {
      js: `import{createRequire as __createRequire}from'node:module';
        const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;`,
    },
  });
  return metafile;
}
