import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';
import type { DefinedTable } from '../dialect.js';

/** Report a missing table. Laravel's migrations create Laravel's tables; `doctor --fix` can create any. */
export function missingTable({ tables }: SqlContext, role: DefinedTable, state: Finding['state']): Finding {
  const name = tables.nameOf(role);
  const { message, hint } = TEXTS[role];
  return {
    subject: `table ${name}`,
    state,
    message,
    hint,
    fix: { effect: `creates the table ${name}`, apply: async () => tables.create(role) },
  };
}

const LARAVELS = {
  message: 'does not exist',
  hint: 'Check the table and database in the profile. To create it: php artisan migrate, or doctor --fix.',
};

const TEXTS: Readonly<Record<DefinedTable, Pick<Required<Finding>, 'hint' | 'message'>>> = {
  cache: LARAVELS,
  locks: LARAVELS,
  tags: {
    message: "does not exist; it is cachectl's own, since Laravel has no tags there",
    hint: 'Commands that write with --tags need it. Run doctor --fix to create it.',
  },
  waiters: {
    message: "does not exist; it is cachectl's own",
    hint: 'Without it, nobody sees who waits for a lock. Run doctor --fix to create it.',
  },
};
