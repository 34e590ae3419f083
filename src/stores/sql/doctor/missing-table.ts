import type { Finding } from '../../contract/store.js';
import type { SqlContext } from '../context.js';
import type { DefinedTable } from '../dialect.js';

import { missingCreate } from './rights.js';

/**
 * Report a missing table. Laravel's migrations create Laravel's tables; `doctor --fix` can create any, if the user has
 * the right.
 */
export async function missingTable(context: SqlContext, role: DefinedTable, state: Finding['state']): Promise<Finding> {
  const { tables } = context;
  const name = tables.nameOf(role);
  const { message, hint, purpose } = TEXTS[role];
  const grant = await missingCreate(context, role);
  const finding = { subject: `table ${name}`, state, message };
  if (grant !== undefined) return { ...finding, hint: `${purpose} The user may not create it: ${grant}` };
  return {
    ...finding,
    hint: `${purpose} ${hint}`,
    fix: { effect: `creates the table ${name}`, apply: async () => tables.create(role) },
  };
}

const LARAVELS = {
  message: 'does not exist',
  purpose: 'Check the table and database in the profile.',
  hint: 'To create it: php artisan migrate, or doctor --fix.',
};

const CREATE = 'Run doctor --fix to create it.';

const TEXTS: Readonly<Record<DefinedTable, Readonly<Record<'hint' | 'message' | 'purpose', string>>>> = {
  cache: LARAVELS,
  locks: LARAVELS,
  tags: {
    message: "does not exist; it is cachectl's own, since Laravel has no tags there",
    purpose: 'Commands that write with --tags need it.',
    hint: CREATE,
  },
  waiters: {
    message: "does not exist; it is cachectl's own",
    purpose: 'Without it, nobody sees who waits for a lock.',
    hint: CREATE,
  },
};
