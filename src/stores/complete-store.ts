import type { DriverStore, Store } from './contract/store.js';

import { noFlushByPrefix, type Operation, unsupported } from './contract/operations.js';
import { eventSourceNamed } from './events/sources.js';

/** Complete a driver's store: operations that it lacks throw an UnsupportedError. */
export function completeStore(store: DriverStore): Store {
  const { events, keys } = store;
  const refuse = (operation: Operation) => (): never => {
    throw unsupported(store, operation);
  };

  return {
    ...store,
    supports: (operation) => store[operation] !== undefined,
    keys: keys ?? refuse('keys'),
    async flush(options) {
      if (options.scope === 'prefix' && keys === undefined) throw noFlushByPrefix(store);
      return store.flush(options);
    },
    tags: store.tags ?? refuse('tags'),
    lock: store.lock ?? refuse('lock'),
    eventSources: events?.sources ?? [],
    async events(options) {
      if (events === undefined) throw unsupported(store, 'events');
      const { name } = eventSourceNamed(store.driver, events.sources, options.source);
      return events.open({ ...options, source: name });
    },
  };
}
