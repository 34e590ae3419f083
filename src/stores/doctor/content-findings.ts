import type { Codec } from '../../codecs/codec.js';
import type { Finding, Reading } from '../contract/store.js';

import { openCodec } from '../../codecs/open.js';
import { contentsFinding, inPortions, SAMPLE } from '../listing/sampled-contents.js';
import { prefixFinding } from './prefix-guess.js';

/** Access to the content of a store. */
export interface Content {
  readonly prefix: string;
  /** Returns at most SAMPLE stored keys that begin with a text. */
  sampledKeys(head: string): Promise<readonly string[]> | readonly string[];
  many(keys: readonly string[]): Promise<readonly Reading[]>;
  /** Returns what decodes stored bytes if the profile had this codec. */
  decoder(codec: Codec): Pick<Codec, 'decode'>;
}

/** Check with a sample whether keys and values match the prefix and the codec of the profile. */
export async function* contentFindings({ prefix, sampledKeys, many, decoder }: Content): AsyncGenerator<Finding> {
  const ours = await sampledKeys(prefix);
  const others = ours.length === 0 ? await sampledKeys('') : [];
  yield prefixFinding({ ours, others, isAll: others.length < SAMPLE }, { connectionPrefix: '', prefix });
  const keys = ours.map((key) => key.slice(prefix.length));
  yield await contentsFinding(inPortions(keys, many), async () =>
    (['php', 'json'] as const).map((name) => {
      const codec = decoder(openCodec(name));
      return { settings: `codec: ${name}`, decode: (stored) => codec.decode(stored) };
    }),
  );
}
