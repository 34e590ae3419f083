/** What came is not what a Memcached server says. */
export class GarbageError extends Error {}
