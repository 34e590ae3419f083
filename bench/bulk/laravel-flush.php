<?php

// The commands of Laravel 12 and 13 for Cache::tags([TAG])->flush(): ZSCAN reads the set, a thousand members at a time,
// and a script deletes each thousand, entry by entry. php laravel-flush.php PORT PREFIX TAG

[, $port, $prefix, $tag] = $argv;

const SCRIPT = <<<'LUA'
local prefix = table.remove(ARGV, 1)
for _, key in ipairs(KEYS) do
    redis.call('DEL', key)
    for _, set in ipairs(ARGV) do
        local member = string.gsub(key, prefix, "")
        redis.call('ZREM', set, member)
    end
end
LUA;

$redis = new Redis();
$redis->connect('127.0.0.1', (int) $port);
$set = "{$prefix}tag:{$tag}:entries";
$pattern = str_replace('-', '%-', $prefix);

$waiting = [];
foreach (members($redis, $set) as $member) {
    $waiting[] = $prefix . $member;
    if (count($waiting) < 1000) {
        continue;
    }
    flush_keys($redis, $waiting, $pattern, $set);
    $waiting = [];
}
flush_keys($redis, $waiting, $pattern, $set);

function members(Redis $redis, string $set): Generator
{
    $cursor = null;
    do {
        $page = $redis->zscan($set, $cursor, '*', 1000);
        if (!is_array($page)) {
            break;
        }
        foreach (array_keys($page) as $member) {
            yield (string) $member;
        }
    } while ((int) $cursor !== 0);
}

function flush_keys(Redis $redis, array $keys, string $pattern, string $set): void
{
    if ($keys === []) {
        return;
    }
    $redis->eval(SCRIPT, [...$keys, $pattern, $set], count($keys));
    if ($redis->getLastError() !== null) {
        throw new RuntimeException($redis->getLastError());
    }
}
