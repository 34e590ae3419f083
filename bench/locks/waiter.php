<?php
// Waits for a lock as Laravel's block() does, or as flock(2) does; see processes.ts.
require 'Illuminate/Cache/autoload.php';
require 'Illuminate/Database/autoload.php';
require 'Illuminate/Redis/autoload.php';
require __DIR__ . '/../../test/interop/php/caches.php';

const HOLD_MS = 10;
const REST_MS = 10;

[, $kind, $json] = $argv;
$task = json_decode($json, true);
$lock = $kind === 'flock' ? null : laravel_lock($task);
$file = $kind === 'flock' ? fopen($task['path'], 'c') : null;
echo "ready\n";
for ($turn = 0; $turn < $task['turns']; $turn++) {
    $kind === 'flock' ? flock($file, LOCK_EX) : $lock->block(3600);
    echo 'acquired ' . hrtime(true) . "\n";
    usleep(HOLD_MS * 1000);
    echo 'released ' . hrtime(true) . "\n";
    $kind === 'flock' ? flock($file, LOCK_UN) : $lock->release();
    usleep(REST_MS * 1000);
}

// This version of Laravel appends the colon to the Redis prefix itself.
function laravel_lock(array $task) {
    $database = $task['database'] ?? null;
    $driver = $database ? ['mysql' => 'mysql', 'postgres' => 'pgsql'][$database['driver']] : null;
    $settings = isset($task['redisPort'])
        ? ['store' => 'redis', 'port' => $task['redisPort'], 'prefix' => 'bench']
        : ['store' => 'database', 'prefix' => 'bench:']
            + ($database ? ['server' => ['driver' => $driver] + $database['connection']] : ['path' => $task['path']]);
    return store($settings)->lock('bench', 600);
}
