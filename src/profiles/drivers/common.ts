import type { CodecName, SerializerName } from '../../codecs/codec.js';
import type { Fields } from '../fields.js';

/** The keys of every profile; see `Profile`. */
export interface Common {
  readonly name: string;
  readonly prefix: string;
  readonly codec: CodecName;
  readonly protected: boolean;
}

export const COMMON_KEYS = ['driver', 'prefix', 'codec', 'protected'];

export function readCommon(name: string, fields: Fields): Common {
  return {
    name,
    prefix: fields.text('prefix') ?? '',
    codec: fields.oneOf('codec', ['php', 'json', 'raw']) ?? 'php',
    protected: fields.boolean('protected') ?? false,
  };
}

/** The serializer of the application's client library. Undefined if none is set. */
export function readSerializer({ codec }: Common, fields: Fields): SerializerName | undefined {
  const serializer = fields.oneOf('serializer', ['php', 'igbinary', 'json', 'msgpack', 'none']);
  if (serializer === undefined || serializer === 'none') return undefined;
  if (codec !== 'php') {
    fields.fail('serializer', `has no effect with codec: ${codec}`, 'Remove one of the two.');
  }

  return serializer;
}
