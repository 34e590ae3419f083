<?php
// Beside phpredis's options, Laravel of today stores otherwise than Laravel 8 does: with a serializer it hands phpredis
// the values as they are, and add() packs what it gives to its script. This is Laravel 8's store with these two mended;
// that it writes what Laravel 12 wrote, byte for byte, a test holds against the fixture.

use Illuminate\Cache\RedisStore;

class PackingRedisStore extends RedisStore {
    public function add($key, $value, $seconds) {
        $script = "if redis.call('exists', KEYS[1]) == 1 then return 0 end redis.call('setex', KEYS[1], ARGV[2], ARGV[1]) return 1";
        [$packed] = $this->connection()->pack([$this->serialize($value)]);
        return (bool) $this->connection()->eval($script, 1, $this->prefix . $key, $packed, max(1, $seconds));
    }

    protected function serialize($value) {
        return $this->leavesSerializing() ? $value : parent::serialize($value);
    }

    protected function unserialize($value) {
        return $this->leavesSerializing() ? $value : parent::unserialize($value);
    }

    private function leavesSerializing(): bool {
        return $this->connection()->client()->getOption(Redis::OPT_SERIALIZER) !== Redis::SERIALIZER_NONE;
    }
}

// Debian's phpredis is built without msgpack. With it, it hands values to this extension's function, and no more.
class MsgpackRedisStore extends PackingRedisStore {
    protected function serialize($value) {
        return msgpack_pack($value);
    }

    protected function unserialize($value) {
        return msgpack_unpack($value);
    }
}
