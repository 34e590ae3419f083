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
  { ignores: ['dist/'] },
  ...oclif,
  prettier,
  {
    rules: {
      ...Object.fromEntries(orderOfReading.map((rule) => [`perfectionist/${rule}`, 'off'])),
      'n/no-unpublished-import': 'off',
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
    files: ['test/**/*.ts'],
    // chai's `expect(x).to.be.true` is an expression.
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
];
