import { build } from 'esbuild';

/** What authors of drivers import: `cachectl` and `cachectl/testing`, as ES modules that share what they are made of. Returns esbuild's metafile. */
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
    // A binary; what tests of drivers bring.
    external: ['better-sqlite3', 'chai', 'mocha'],
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'linked',
    // CommonJS packages among the bundled ones ask for these.
    banner: {
      js: `import{createRequire as __createRequire}from'node:module';
        const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;`,
    },
  });
  return metafile;
}
