import type { Finding } from '../contract/store.js';

import { ok, warning } from './findings.js';

/** Two clocks differ from this skew on, in milliseconds: Laravel counts whole seconds. */
const MUCH_MS = 2000;

export interface ServerTime {
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Its precision, in milliseconds. */
  readonly precisionMs: number;
}

/**
 * Compare the server's clock with the local one.
 * @param ask returns the server's time; its latency is taken into account
 * @param counts what the skew affects
 */
export async function clockFinding(ask: () => Promise<ServerTime>, counts: string): Promise<Finding> {
  const asked = Date.now();
  const { at, precisionMs } = await ask();
  const answered = Date.now();
  const ahead = at + precisionMs / 2 - (asked + answered) / 2;
  const uncertainty = (answered - asked) / 2 + precisionMs / 2;
  const isSame = Math.abs(ahead) <= Math.max(MUCH_MS, uncertainty);
  if (isSame)
    return ok(
      'clock',
      `server clock within ${shown(Math.max(uncertainty, Math.abs(ahead)))} of local clock; ${counts}`,
    );
  const direction = ahead > 0 ? 'ahead of' : 'behind';
  return warning(
    'clock',
    `server clock ${shown(Math.abs(ahead))} ${direction} local clock; ${counts}`,
    'Synchronize both with NTP: expiry times and TTLs are off by that much.',
  );
}

function shown(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${Math.round(milliseconds / 1000)} s`;
}
