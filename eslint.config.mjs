import oclif from 'eslint-config-oclif';
import prettier from 'eslint-config-prettier';

// Members stand in the order in which they are read (public first, then by use), not by alphabet.
const orderOfReading = [
  'sort-classes',
  'sort-enums',
  'sort-interfaces',
  'sort-maps',
  'sort-modules',
  'sort-object-types',
  'sort-objects',
  'sort-sets',
  'sort-switch-case',
  'sort-union-types',
];

export default [
  { ignores: ['dist/', 'dist-*/'] },
  ...oclif,
  prettier,
  {
    rules: {
      ...Object.fromEntries(orderOfReading.map((rule) => [`perfectionist/${rule}`, 'off'])),
      // A wire fact or a unit is documented; what a signature says already is not said again.
      'jsdoc/check-param-names': 'off',
      'jsdoc/require-yields': 'off',
      // A command's parts are apart, so that the eye finds them.
      '@stylistic/lines-between-class-members': 'off',
      'n/no-process-exit': 'off',
      // Called experimental in Node 20, but there; or used only where Node has it.
      'n/no-unsupported-features/node-builtins': [
        'error',
        {
          ignores: [
            'fs.cpSync',
            'sea',
            'sea.getAsset',
            'sea.getRawAsset',
            'sea.isSea',
            'sqlite',
            'vm.constants',
            'zlib.crc32',
          ],
        },
      ],
      'n/no-unpublished-import': 'off',
      'unicorn/no-process-exit': 'off',
      // Hints quote the shell.
      'no-template-curly-in-string': 'off',
      // One round trip after the other is what a paged scan or a lock queue is.
      'no-await-in-loop': 'off',
      // Wire formats speak in bits, and values of a cache are null more often than not.
      'no-bitwise': 'off',
      'unicorn/no-null': 'off',
    },
  },
  {
    files: ['**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'error' },
  },
  {
    // Optional: newer Nodes have SQLite built in.
    files: ['**/*.ts'],
    ignores: ['src/stores/sqlite/binding/better-sqlite3.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'better-sqlite3',
          message: 'Open a file with src/stores/sqlite/binding, in tests test/support/database.',
        },
      ],
    },
  },
  {
    // CommonJS, which starts faster; the package.json of bin/ only says so.
    files: ['bin/*.js', 'scripts/standalone/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'readonly', require: 'readonly', __dirname: 'readonly' },
    },
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      'n/no-extraneous-import': 'off',
      'n/no-unpublished-require': 'off',
      'no-implicit-globals': 'off',
      'unicorn/prefer-module': 'off',
      'unicorn/prefer-top-level-await': 'off',
    },
  },
  {
    // Packages of their own, whose cachectl is the user's; JSDoc is their types.
    files: ['examples/**/*.mjs'],
    rules: {
      'import/no-unresolved': ['error', { ignore: ['^cachectl'] }],
      'jsdoc/require-param-description': 'off',
      'jsdoc/require-returns-check': 'off',
      'jsdoc/require-returns-description': 'off',
      'jsdoc/valid-types': 'off',
    },
  },
  {
    // A field of documents that Laravel writes.
    files: ['src/stores/mongodb/**/*.ts', 'test/**/mongodb*.ts', 'test/stores/mongodb/**/*.ts'],
    rules: { camelcase: ['error', { allow: ['^expires_at$'], properties: 'never' }] },
  },
  {
    // Names of Laravel's configuration.
    files: ['src/profiles/laravel/*.ts'],
    rules: { camelcase: 'off' },
  },
  {
    // What tests share: hooks and cases that the tests call.
    files: ['test/support/**/*.ts', 'test/field/waiting/outages.test.ts', 'src/testing/**/*.ts'],
    rules: { 'mocha/no-exports': 'off', 'mocha/no-sibling-hooks': 'off', 'mocha/no-top-level-hooks': 'off' },
  },
  {
    files: ['test/**/*.ts', 'src/testing/**/*.ts', 'examples/*/test/*'],
    // chai's `expect(x).to.be.true` is an expression.
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      // A file is of one command or one thing, which may have several sides.
      'mocha/max-top-level-suites': 'off',
    },
  },
];
