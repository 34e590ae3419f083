import { expect } from 'chai';

import { InputError } from '../../../../src/errors.js';
import { jsonMembers } from '../../../../src/features/transfer/ndjson/json-members.js';

type Cut = [name: string | undefined, text: string, line: number];

async function cut(text: string, chunkSize = text.length || 1): Promise<Cut[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }

  const members: Cut[] = [];
  for await (const cutFromChunk of jsonMembers(chunks())) {
    for (const { name, text: value, line } of cutFromChunk) members.push([name, value, line]);
  }

  return members;
}

async function refusal(text: string): Promise<string> {
  try {
    await cut(text);
  } catch (error) {
    expect(error).to.be.instanceOf(InputError);
    return (error as Error).message;
  }

  throw new Error(`took ${text}`);
}

const END: Cut = [undefined, '', 0];

describe('splitting a stream of JSON objects into members', () => {
  const text = '{"a": 1, "b\\"": {"x": ["}", ","]},\n "ž🐎": "\\"}"}\n{"key":"k","value":[]}\n{}';
  const members: Cut[] = [
    ['a', '1', 1],
    ['b"', '{"x": ["}", ","]}', 1],
    ['ž🐎', String.raw`"\"}"`, 2],
    END,
    ['key', '"k"', 3],
    ['value', '[]', 3],
    END,
    END,
  ];

  it('finds every member and every end', async () => expect(await cut(text)).to.deep.equal(members));

  it('finds the same members for any chunks', async () => {
    for (let size = 1; size < 12; size++) expect(await cut(text, size)).to.deep.equal(members);
  });

  it('finds no objects in an empty stream', async () => expect(await cut(' \n')).to.deep.equal([]));

  for (const [input, message] of [
    ['[1]', 'line 1: expected an object, found "["'],
    ['{"a" 1}', 'line 1: expected a colon, found "1"'],
    ['{"a":1,}', 'line 1: expected a name in quotes, found "}"'],
    ['{\n\na: 1}', 'line 3: expected a name in quotes or }, found "a"'],
    ['{"a":}', 'line 1: "a" has no value'],
    ['{"a":1]}\n{"b":2}', 'line 1: "a" has an unmatched closing bracket'],
    ['{"a":1', 'line 1: the input ends in the middle of an object'],
    ['{"a', 'line 1: the input ends in the middle of an object'],
    [String.raw`{"\q":1}`, String.raw`line 1: "\q" is not a JSON string`],
  ] as const) {
    it(`refuses ${JSON.stringify(input)}`, async () => expect(await refusal(input)).to.equal(message));
  }
});
