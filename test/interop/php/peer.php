<?php
// A Laravel application at the other end of the cache: Laravel's own stores, by the settings that each request brings.
// A request is a line of JSON on standard input, {"cache": {...}, "tags": [...], "call": "put", "with": [...]}, its
// answer a line on standard output: {"value": base64 of serialize()} for what lies in a cache, {"plain": ...} for all
// else, {"error": "..."} for what was thrown.

require_once 'Illuminate/Cache/autoload.php';
require_once __DIR__ . '/caches.php';
require_once __DIR__ . '/packing-redis-store.php';

// Laravel 8 is older than PHP 8.2.
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('precision', '14');
ini_set('serialize_precision', '-1');
set_error_handler(function (int $level, string $message) {
    if (error_reporting() & $level) throw new ErrorException($message, 0, $level);
    return true;
});

use Illuminate\Cache\Repository;
use Illuminate\Contracts\Cache\LockTimeoutException;

function value_of(string $base64) {
    return unserialize(base64_decode($base64, true));
}

function stored($value): array {
    return ['value' => base64_encode(serialize($value))];
}

function plain($answer): array {
    return ['plain' => $answer];
}

// What the store says the owner is, rather than this process.
function owner_of(Repository $cache, string $name): ?string {
    $lock = $cache->lock($name);
    $owner = (fn () => $this->getCurrentOwner())->call($lock);
    return $owner === false ? null : $owner;
}

function waited(Repository $cache, string $name, int $seconds, string $owner, int $wait): bool {
    try {
        return $cache->lock($name, $seconds, $owner)->block($wait);
    } catch (LockTimeoutException) {
        return false;
    }
}

function acquired(Repository $cache, string $name, int $seconds, ?string $owner): array {
    $lock = $cache->lock($name, $seconds, $owner);
    return ['acquired' => $lock->get(), 'owner' => $lock->owner()];
}

function calls(Repository $cache): array {
    return [
        'get' => fn ($key) => stored($cache->get($key)),
        'many' => fn ($keys) => plain(array_map(fn ($value) => base64_encode(serialize($value)), array_values($cache->many($keys)))),
        'pull' => fn ($key) => stored($cache->pull($key)),
        'put' => fn ($key, $value, $ttl) => plain($cache->put($key, value_of($value), $ttl)),
        'putMany' => fn ($entries, $ttl) => plain($cache->putMany(array_map('value_of', $entries), $ttl)),
        'add' => fn ($key, $value, $ttl) => plain($cache->add($key, value_of($value), $ttl)),
        'increment' => fn ($key, $by) => plain($cache->increment($key, $by)),
        'decrement' => fn ($key, $by) => plain($cache->decrement($key, $by)),
        'forget' => fn ($key) => plain($cache->forget($key)),
        'flush' => fn () => plain($cache->flush()),
        'acquire' => fn ($name, $seconds, $owner) => plain(acquired($cache, $name, $seconds, $owner)),
        'block' => fn ($name, $seconds, $owner, $wait) => plain(waited($cache, $name, $seconds, $owner, $wait)),
        'release' => fn ($name, $owner) => plain($cache->getStore()->restoreLock($name, $owner)->release()),
        'forceRelease' => fn ($name) => plain($cache->lock($name)->forceRelease()),
        'owner' => fn ($name) => plain(owner_of($cache, $name)),
    ];
}

function answer(array $request): array {
    // An expression of the test's own, so that its values read as an application's code does.
    if ($request['call'] === 'evaluate') return stored(eval("return {$request['with'][0]};"));
    $cache = cache($request['cache']);
    if ($request['tags'] !== []) $cache = $cache->tags($request['tags']);
    return calls($cache)[$request['call']](...$request['with']);
}

while (($line = fgets(STDIN)) !== false) {
    try {
        $answer = answer(json_decode($line, true, 512, JSON_THROW_ON_ERROR));
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
