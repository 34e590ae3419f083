import { describeRedis } from './redis-suite.js';

describeRedis('redis');
