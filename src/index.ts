// The library for custom drivers: docs/custom-drivers.md. The program is dist/main.cjs.
export type { Codec, CodecName, SerializerName } from './codecs/codec.js';
export { openCodec } from './codecs/open.js';
export {
  type ArrayKey,
  type ArrayValue,
  boolean,
  type CustomValue,
  type EnumValue,
  float,
  type FloatValue,
  integer,
  isList,
  list,
  NULL,
  type ObjectValue,
  type ReferenceValue,
  string,
  type Value,
} from './codecs/value.js';
export {
  type BooleanOption,
  defineDriver,
  type Driver,
  type DriverDefinition,
  type DriverSettings,
  type IntegerOption,
  type ListOption,
  type OptionSpec,
  type OptionSpecs,
  type OptionValues,
  type PathOption,
  type ReservedKey,
  type TextOption,
} from './define-driver.js';
export {
  CachectlError,
  ConfigError,
  InputError,
  LostPlaceError,
  NotANumberError,
  PartialError,
  RefusedError,
  TimeoutError,
  UnansweredError,
  UndecodableError,
  UnreachableError,
  UnsupportedError,
  WrongTypeError,
} from './errors.js';
export { type PlaceDoubt } from './stores/contract/doctor.js';
export {
  type CacheEvent,
  EVENT_TYPES,
  type EventClient,
  type EventsOptions,
  type EventSource,
  type EventStream,
  type EventType,
  type Missed,
  type SourceOptions,
  type StoreEvents,
} from './stores/contract/events.js';
export { type EntryFilter, type FlushOnlyOptions, type FlushOnlyResult } from './stores/contract/flush.js';
export {
  type InspectedLock,
  type InspectedTags,
  type Inspection,
  type NearKey,
  type OtherKind,
  type StoredFormat,
  type Usage,
} from './stores/contract/inspection.js';
export {
  type CountOptions,
  type EntryPage,
  type EntryPages,
  type ListedEntry,
  type ListEntriesOptions,
  pageAt,
} from './stores/contract/listing.js';
export {
  type DetectedBy,
  type ListedLock,
  type ListLocksOptions,
  LOCK_EVENT_TYPES,
  type LockClient,
  type LockEvent,
  type LockEventType,
  type LockStream,
  type Waiter,
  type Waiting,
  type WatchLocksOptions,
} from './stores/contract/locks.js';
export { type Limits, type Operation } from './stores/contract/operations.js';
export {
  type Sample,
  type SampledEntry,
  type SampleOptions,
  type ServerStats,
  type StatsDetail,
  type StatsOptions,
  type StoreStats,
} from './stores/contract/stats.js';
export {
  type BulkOptions,
  type DriverStore,
  type Entry,
  type Finding,
  type Fix,
  type FlushOptions,
  type FlushResult,
  type Lock,
  type LockHolder,
  type NewEntry,
  type OnProgress,
  type OpenOptions,
  type Progress,
  type Reading,
  type Repository,
  type Store,
  type StoredEntry,
  type Tagged,
  type Traits,
  type Ttl,
} from './stores/contract/store.js';
export {
  type ListedTag,
  type ListTagsOptions,
  type PruneTagsOptions,
  type PruneTagsResult,
  type TagIndex,
  type TagMember,
} from './stores/contract/tags.js';
export { increased } from './stores/entries/counter.js';
export { keyFromBytes, keyToBytes } from './stores/entries/key-text.js';
export { DroppingQueue } from './stores/events/queue.js';
export { batches, type EncodedEntry } from './stores/listing/batches.js';
export { escapeGlob, globMatcher, literalHead } from './stores/listing/glob.js';
export { isLaravelLockName, LARAVEL_LOCK_HEADS, OWNER_PREFIX } from './stores/locks/names.js';
export { newOwner } from './stores/locks/owner.js';
export { isTagSetKey, TAG_SET_HEAD, taggedKey, tagSetKey } from './stores/tags/names.js';
export { untaggedKey } from './stores/tags/order.js';
