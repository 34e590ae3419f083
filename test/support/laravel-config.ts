/** The parts of `config/cache.php` and `config/database.php` that a cache depends on, by the version of Laravel. */
export interface LaravelConfig {
  readonly cache: string;
  readonly database: string;
}

/**
 * As new applications of this version have them: 10 reads CACHE_DRIVER and DATABASE_URL, later ones CACHE_STORE and
 * DB_URL; from 12 on prefixes have hyphens. Source: the configuration files of laravel/laravel, branches 10.x to 12.x.
 */
export function laravelConfig(major: 10 | 11 | 12): LaravelConfig {
  const isOld = major === 10;
  const name =
    major < 12 ? "Str::slug(env('APP_NAME', 'laravel'), '_')" : "Str::slug((string) env('APP_NAME', 'laravel'))";
  const joined = (part: string): string => `${name}.'${major < 12 ? `_${part}_` : `-${part}-`}'`;
  return {
    cache: `<?php

use Illuminate\\Support\\Str;

return [
  'default' => ${isOld ? "env('CACHE_DRIVER', 'file')" : "env('CACHE_STORE', 'database')"},
  'stores' => [
    'file' => ['driver' => 'file', 'path' => storage_path('framework/cache/data')],
    'database' => [
      'driver' => 'database',
      'table' => ${isOld ? "'cache'" : "env('DB_CACHE_TABLE', 'cache')"},
      'connection' => ${isOld ? 'null' : "env('DB_CACHE_CONNECTION')"},
      'lock_connection' => ${isOld ? 'null' : "env('DB_CACHE_LOCK_CONNECTION')"},
    ],
    'memcached' => [
      'driver' => 'memcached',
      'persistent_id' => env('MEMCACHED_PERSISTENT_ID'),
      'sasl' => [env('MEMCACHED_USERNAME'), env('MEMCACHED_PASSWORD')],
      'options' => [
        // Memcached::OPT_CONNECT_TIMEOUT => 500,
      ],
      'servers' => [
        ['host' => env('MEMCACHED_HOST', '127.0.0.1'), 'port' => env('MEMCACHED_PORT', 11211), 'weight' => 100],
      ],
    ],
    'redis' => [
      'driver' => 'redis',
      'connection' => ${isOld ? "'cache'" : "env('REDIS_CACHE_CONNECTION', 'cache')"},
      'lock_connection' => ${isOld ? "'default'" : "env('REDIS_CACHE_LOCK_CONNECTION', 'default')"},
    ],
  ],
  'prefix' => env('CACHE_PREFIX', ${joined('cache')}),
];
`,
    database: `<?php

use Illuminate\\Support\\Str;

return [
  'default' => env('DB_CONNECTION', ${isOld ? "'mysql'" : "'sqlite'"}),
  'connections' => [
    'sqlite' => [
      'driver' => 'sqlite',
      'url' => env('${isOld ? 'DATABASE_URL' : 'DB_URL'}'),
      'database' => env('DB_DATABASE', database_path('database.sqlite')),
      'prefix' => '',
    ],
  ],
  'redis' => [
    'client' => env('REDIS_CLIENT', 'phpredis'),
    'options' => [
      'cluster' => env('REDIS_CLUSTER', 'redis'),
      'prefix' => env('REDIS_PREFIX', ${joined('database')}),
    ],
    'default' => ${connection("env('REDIS_DB', '0')")},
    'cache' => ${connection("env('REDIS_CACHE_DB', '1')")},
  ],
];
`,
  };
}

/** A Redis connection. */
function connection(database: string): string {
  return `[
      'url' => env('REDIS_URL'),
      'host' => env('REDIS_HOST', '127.0.0.1'),
      'username' => env('REDIS_USERNAME'),
      'password' => env('REDIS_PASSWORD'),
      'port' => env('REDIS_PORT', '6379'),
      'database' => ${database},
    ]`;
}
