import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

import { RespWriter } from '../src/stores/redis/client/resp-writer.js';

/** A month, in seconds. */
const TTL = 2_592_000;

const AT_ONCE = 1000;

/** The same entries, in a file for each program. */
export interface Files {
  readonly lines: string;
  readonly resp: string;
  readonly csv: string;
}

/** Write strings, numbers and arrays. Every other entry has a TTL. */
export function written(folder: string, count: number): Files {
  const files = { lines: path.join(folder, 'lines'), resp: path.join(folder, 'resp'), csv: path.join(folder, 'csv') };
  const [lines, resp, csv] = Object.values(files).map((file) => openSync(file, 'w')) as [number, number, number];
  const expires = Math.floor(Date.now() / 1000) + TTL;
  const writer = new RespWriter();
  for (let start = 0; start < count; start += AT_ONCE) {
    let [lineText, csvText] = ['', ''];
    for (let at = start; at < Math.min(count, start + AT_ONCE); at++) {
      const key = `users:${at}`;
      const { json, serialized, isBare } = valueOf(at);
      const hasTtl = at % 2 === 1;
      lineText += `{"key":"${key}","value":${json},"expires":${hasTtl ? expires : null}}\n`;
      csvText += `shop-${key},"${serialized.replaceAll('"', '""')}",${hasTtl ? expires : expires + 10 * TTL}\n`;
      writer.set(`shop-${key}`, Buffer.from(isBare ? json : serialized), hasTtl ? TTL : null);
    }

    writeSync(lines, lineText);
    writeSync(csv, csvText);
    writeSync(resp, writer.bytes);
    writer.clear();
  }

  for (const file of [lines, resp, csv]) closeSync(file);
  return files;
}

function valueOf(at: number): { json: string; serialized: string; isBare: boolean } {
  if (at % 10 === 0) return { json: String(at), serialized: `i:${at};`, isBare: true };
  const text = `the value of user ${at}, some forty bytes long`;
  const serialized = `s:${text.length}:"${text}";`;
  if (at % 10 !== 1) return { json: JSON.stringify(text), serialized, isBare: false };
  const json = `{"id":${at},"text":${JSON.stringify(text)}}`;
  return { json, serialized: `a:2:{s:2:"id";i:${at};s:4:"text";${serialized}}`, isBare: false };
}
