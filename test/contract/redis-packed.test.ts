import { describeRedis } from './redis-suite.js';

describeRedis('redis, packed by igbinary and lz4', { serializer: 'igbinary', compression: 'lz4' });
describeRedis('redis, packed by zstd', { compression: 'zstd' });
