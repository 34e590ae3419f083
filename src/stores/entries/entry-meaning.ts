/** What Laravel stores under one of its own keys, in plain words; undefined for other keys. */
export function meaningOfEntry(key: string): string | undefined {
  for (const [head, explain] of HEADS) if (key.startsWith(head)) return explain(key.slice(head.length));
  return EXACT.get(key);
}

export const MAINTENANCE_KEY = 'illuminate:foundation:down';
export const ALL_PAUSED_KEY = 'illuminate:queues:paused';

const EXACT = new Map([
  [MAINTENANCE_KEY, 'the application is in maintenance mode'],
  [ALL_PAUSED_KEY, 'every queue is paused'],
  ['illuminate:queue:restart', 'when queue workers were last told to restart'],
]);

/** The suffix of a second entry for a debounced job with a maximum wait. */
const FIRST_DISPATCHED = ':first_dispatched_at';

const HEADS: ReadonlyArray<readonly [head: string, explain: (rest: string) => string]> = [
  [
    'laravel_debounced_job:',
    (rest) =>
      rest.endsWith(FIRST_DISPATCHED)
        ? 'when a debounced job was first dispatched'
        : 'names the latest dispatch of a debounced job',
  ],
  ['illuminate:queue:paused:', (rest) => `the queue ${rest} is paused`],
];
