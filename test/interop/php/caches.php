<?php
// Laravel's caches from settings, as an application's config/cache.php and config/database.php bring them about.

use Illuminate\Cache\ArrayStore;
use Illuminate\Cache\DatabaseStore;
use Illuminate\Cache\FileStore;
use Illuminate\Cache\MemcachedConnector;
use Illuminate\Cache\MemcachedStore;
use Illuminate\Cache\RedisStore;
use Illuminate\Cache\Repository;
use Illuminate\Container\Container;
use Illuminate\Contracts\Cache\Store;
use Illuminate\Database\Connection;
use Illuminate\Database\Connectors\ConnectionFactory;
use Illuminate\Database\SQLiteConnection;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Redis\RedisManager;

// One for the same settings, so that connections are kept.
function cache(array $settings): Repository {
    static $caches = [];
    return $caches[json_encode($settings)] ??= new Repository(store($settings));
}

function store(array $settings): Store {
    return match ($settings['store']) {
        'array' => new ArrayStore(true),
        'database' => new DatabaseStore(database($settings), 'cache', $settings['prefix']),
        'file' => new FileStore(new Filesystem(), $settings['path']),
        'memcached' => memcached($settings),
        'redis' => redis($settings),
    };
}

function database(array $settings): Connection {
    if (isset($settings['server'])) {
        $charset = $settings['server']['driver'] === 'mysql' ? 'utf8mb4' : 'utf8';
        return (new ConnectionFactory(new Container()))->make($settings['server'] + [
            'charset' => $charset,
            'password' => '',
            'strict' => true,
        ]);
    }
    $path = $settings['path'];
    $pdo = new PDO("sqlite:$path", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    return new SQLiteConnection($pdo, $path);
}

function memcached(array $settings): MemcachedStore {
    $options = [];
    foreach ($settings['options'] ?? [] as $name => $value) {
        $known = is_string($value) && defined("Memcached::$value");
        $options[constant("Memcached::OPT_$name")] = $known ? constant("Memcached::$value") : $value;
    }
    $client = (new MemcachedConnector())->connect($settings['servers'], null, $options, $settings['credentials'] ?? []);
    return new MemcachedStore($client, $settings['prefix']);
}

function redis(array $settings): RedisStore {
    $options = ['prefix' => $settings['connectionPrefix'] ?? ''];
    foreach (['serializer', 'compression'] as $name) {
        if (!isset($settings[$name]) || $settings[$name] === 'msgpack') continue;
        $options[$name] = constant('Redis::' . strtoupper("{$name}_{$settings[$name]}"));
    }
    if (isset($settings['nodes'])) return redis_cluster($settings, $options);
    $server = ['host' => '127.0.0.1', 'port' => $settings['port']];
    $manager = new RedisManager(null, 'phpredis', [
        'options' => $options,
        'default' => $server + ['database' => $settings['database'] ?? 0],
        'locks' => $server + ['database' => $settings['lockDatabase'] ?? $settings['database'] ?? 0],
    ]);
    $store = redis_class($settings);
    return (new $store($manager, $settings['prefix']))->setLockConnection('locks');
}

function redis_cluster(array $settings, array $options): RedisStore {
    $nodes = array_map(fn (int $port) => ['host' => '127.0.0.1', 'port' => $port], $settings['nodes']);
    $manager = new RedisManager(null, 'phpredis', [
        'options' => $options + ['cluster' => 'redis'],
        'clusters' => ['default' => $nodes],
    ]);
    return new RedisStore($manager, $settings['prefix']);
}

function redis_class(array $settings): string {
    $packs = isset($settings['serializer']) || isset($settings['compression']);
    return match ($settings['serializer'] ?? null) {
        'msgpack' => MsgpackRedisStore::class,
        default => $packs ? PackingRedisStore::class : RedisStore::class,
    };
}
