import type { Redis } from 'ioredis';

/**
 * Accept a password on a server that requires none. ioredis would print a warning to the console. A refused password is
 * still an error.
 */
export function withQuietAuth(redis: Redis): Redis {
  const auth = redis.auth.bind(redis);
  return Object.assign(redis, {
    async auth(credentials: string): Promise<'OK'> {
      try {
        return await auth(credentials);
      } catch (error) {
        if (error instanceof Error && NOT_WANTED.test(error.message)) return 'OK';
        throw error;
      }
    },
  });
}

/** The error before and since Redis 6. */
const NOT_WANTED = /no password is set|without any password configured/;
