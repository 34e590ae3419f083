/** The bytes received are not Memcached's protocol. The message names them. */
export class GarbageError extends Error {}
