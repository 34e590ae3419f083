<?php
// What phpredis and php-memcached make of bytes: `format base64` or `un-format base64` on each line of standard input, an answer
// in base64 on each line of standard output. Arguments: the ports of a Redis and of a Memcached server, which phpredis wants
// to be there and php-memcached works through.

[, $redisPort, $memcachedPort] = $argv;
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $redisPort);
$memcached = new Memcached();
$memcached->addServer('127.0.0.1', (int) $memcachedPort);
$socket = stream_socket_client("tcp://127.0.0.1:$memcachedPort");

const REDIS = ['lz4' => Redis::COMPRESSION_LZ4, 'lzf' => Redis::COMPRESSION_LZF, 'zstd' => Redis::COMPRESSION_ZSTD];
const MEMCACHED = ['fastlz' => [Memcached::COMPRESSION_FASTLZ, 80], 'zlib' => [Memcached::COMPRESSION_ZLIB, 48]];

// As it stands in the server; nothing where it was not compressed.
function stored($socket): string {
    fwrite($socket, "get key\r\n");
    [, , $flags, $length] = explode(' ', rtrim(fgets($socket)));
    $bytes = stream_get_contents($socket, $length + strlen("\r\nEND\r\n"));
    return $flags & 16 ? substr($bytes, 0, $length) : '';
}

function store($socket, string $bytes, int $flags): void {
    fwrite($socket, "set key $flags 0 " . strlen($bytes) . "\r\n$bytes\r\n");
    if (rtrim(fgets($socket)) !== 'STORED') throw new Exception('not stored');
}

while (($line = fgets(STDIN)) !== false) {
    [$job, $bytes] = explode(' ', rtrim($line, "\n"));
    $bytes = base64_decode($bytes);
    $isBack = str_starts_with($job, 'un-');
    $format = $isBack ? substr($job, 3) : $job;
    if (isset(REDIS[$format])) {
        $redis->setOption(Redis::OPT_COMPRESSION, REDIS[$format]);
        $answer = $isBack ? $redis->_uncompress($bytes) : $redis->_compress($bytes);
    } else {
        [$type, $flags] = MEMCACHED[$format];
        $memcached->setOption(Memcached::OPT_COMPRESSION_TYPE, $type);
        if ($isBack) {
            store($socket, $bytes, $flags);
            $answer = $memcached->get('key');
        } else {
            $memcached->set('key', $bytes);
            $answer = stored($socket);
        }
    }
    echo base64_encode($answer), "\n";
}
