import type { Work } from '../../runtime/store-command.js';
import type { Store, Ttl } from '../../stores/contract/store.js';

import { ExitCode } from '../../errors.js';
import { bulk } from '../../runtime/bulk.js';
import { askBeforeDestroying, type Consent } from '../../runtime/confirm.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { overlapping } from '../../stores/listing/concurrent.js';
import { isLaravelLockName } from '../../stores/locks/names.js';
import { tagHashOf } from '../../stores/tags/names.js';
import { answer, answerJson, warn } from '../../terminal/output.js';
import { countOf, entries } from '../../terminal/progress.js';
import { ttlText } from '../../terminal/value-text.js';

/** The maximum number of concurrent requests. */
const MAX_AT_ONCE = 64;

/**
 * Set the TTL of matching entries. Locks keep theirs. So do tagged entries, whose expiry is also in the index of each
 * tag.
 * @returns the exit code
 */
export async function touchMatching(
  { store, profile, interruption }: Work,
  { pattern, ttl, dryRun }: { readonly pattern: string; readonly ttl: Ttl; readonly dryRun: boolean },
  flags: Consent & { readonly json: boolean },
): Promise<number> {
  if (!dryRun) {
    const under = store.prefix === '' ? '' : ` under the prefix ${store.prefix}`;
    const effect = `sets the TTL of entries that match ${printKey(pattern)}${under}: ${ttlText(ttl)}`;
    const instead = '--dry-run to count the entries';
    await askBeforeDestroying({ store, profile, action: 'touch', effect, instead }, flags);
  }

  let tagged = 0;
  const touched = await bulk(dryRun ? 'counted' : 'touched', interruption, async ({ signal, onProgress }) => {
    let done = 0;
    await overlapping(matching(store, pattern, signal), MAX_AT_ONCE, async (key) => {
      signal.throwIfAborted();
      if (tagHashOf(key) !== undefined) tagged++;
      else if (dryRun || (await store.touch(key, ttl))) onProgress({ done: ++done });
    });
    return done;
  });
  await (flags.json
    ? answerJson({ [dryRun ? 'wouldTouch' : 'changed']: touched, skippedTagged: tagged, dryRun })
    : answer(`${dryRun ? 'would touch' : 'touched'} ${entries(touched)}\n`));
  if (tagged > 0 && !flags.json)
    warn(`${countOf(tagged, 'tagged entry keeps its TTL', 'tagged entries keep their TTL')}: touch KEY --tags A,B`);
  return ExitCode.Yes;
}

/** The keys of entries, in the order of the store. A key that the server lists twice is touched twice. */
async function* matching(store: Store, pattern: string, signal: AbortSignal): AsyncGenerator<string> {
  if (store.entries === undefined) {
    for await (const key of store.keys(pattern)) if (!isLaravelLockName(key)) yield key;
    return;
  }

  for await (const page of store.entries({ pattern, signal })) {
    for (const { key, lock } of page) if (lock === undefined) yield key;
  }
}
