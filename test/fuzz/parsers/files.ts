import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { LinePage } from '../../../src/features/transfer/ndjson/line-reader.js';
import type { Parser } from '../parser.js';

import { CachectlError } from '../../../src/errors.js';
import { jsonMembers } from '../../../src/features/transfer/ndjson/json-members.js';
import { parseLine } from '../../../src/features/transfer/ndjson/line-parser.js';
import { readLines } from '../../../src/features/transfer/ndjson/line-reader.js';
import { printLine } from '../../../src/features/transfer/ndjson/line-writer.js';
import { readPutEntries } from '../../../src/features/transfer/ndjson/put-reader.js';
import { maskSecrets, maskUrl } from '../../../src/profiles/mask.js';
import { resolveProfile } from '../../../src/profiles/resolve.js';
import { parseContent } from '../../../src/stores/file/content.js';
import { laravelConfig } from '../../support/laravel-config.js';

/** Files that someone else wrote, and URLs. @param folder for files; nothing may appear in it */
export function fileParsers(folder: string): Parser[] {
  const home = path.join(folder, 'home');
  const application = path.join(folder, 'application');
  for (const each of [home, application, path.join(application, 'config')]) mkdirSync(each);
  const env = { HOME: home, NAME: 'x' };
  const resolved = async (choice: { readonly config?: string; readonly url?: string }): Promise<void> => {
    expect(await resolveProfile({ ...choice, env, cwd: home })).to.have.property('driver');
  };

  const laravelFile = (name: string, seeds: readonly string[], tokens: readonly string[], others: object): Parser => ({
    name: `laravel-${path.basename(name).replace(/^\./, '')}`,
    seeds: bytesOf(...seeds),
    tokens,
    async parse(bytes) {
      for (const [file, text] of Object.entries({ ...others, [name]: bytes })) {
        writeFileSync(path.join(application, file), text as Buffer | string);
      }

      await resolved({ url: `laravel:${application}` });
    },
  });
  const { cache, database } = laravelConfig(12);
  const environment = ENVIRONMENTS[0]!;
  return [
    {
      name: 'profile-yaml',
      seeds: bytesOf(...PROFILES),
      tokens: YAML_TOKENS,
      async parse(bytes) {
        const config = path.join(home, 'fuzz.yaml');
        writeFileSync(config, bytes);
        await resolved({ config });
      },
    },
    laravelFile('.env', ENVIRONMENTS, ENV_TOKENS, { 'config/cache.php': cache, 'config/database.php': database }),
    laravelFile('config/cache.php', [cache, ...CONFIGS], PHP_TOKENS, { '.env': environment }),
    laravelFile('config/database.php', [database], PHP_TOKENS, { '.env': environment, 'config/cache.php': cache }),
    laravelFile(
      'composer.lock',
      ['{"packages":[{"name":"laravel/framework","version":"v12.1.0"}]}'],
      ['null', '"a"'],
      {},
    ),
    {
      name: 'url',
      seeds: bytesOf(...URLS),
      tokens: URL_TOKENS,
      async parse(bytes) {
        const url = bytes.toString();
        maskUrl(url);
        maskSecrets(url);
        await resolved({ url });
      },
    },
    { name: 'import-lines', seeds: bytesOf(...LINES), tokens: LINE_TOKENS, parse: importLines },
    {
      name: 'put-members',
      seeds: bytesOf(...LINES, '{"a":1,"b":{"c":[1,2]}}', '{"key":"k","value":1,"ttl":60}'),
      tokens: LINE_TOKENS,
      async parse(bytes) {
        const file = path.join(home, 'put.json');
        writeFileSync(file, bytes);
        for await (const members of jsonMembers(chunks(bytes, 7))) expect([...members]).to.be.an('array');
        for await (const { key } of readPutEntries(file, null, new AbortController().signal)) {
          expect(key).to.be.a('string');
        }
      },
    },
    {
      name: 'cache-file',
      seeds: bytesOf('9999999999s:1:"a";', '1795437440i:5;', '\0'.repeat(10)),
      tokens: ['9999999999', '\0\0\0\0\0\0\0\0\0\0'],
      parse(bytes) {
        parseContent(bytes);
      },
    },
  ];
}

function bytesOf(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Read as one chunk and as many, line by line, and back from what an export would print. */
async function importLines(bytes: Buffer): Promise<void> {
  const pages: LinePage[] = [];
  for (const size of [bytes.length, 4096]) {
    const entries: LinePage['entries'][number][] = [];
    for await (const page of readLines(chunks(bytes, size), { offset: 0, lines: 0 }, null)) {
      pages.push(page);
      entries.push(...page.entries);
      for (const { error } of page.bad) expect(error).to.be.an.instanceOf(CachectlError);
    }

    const now = Math.floor(Date.now() / 1000);
    for (const entry of entries) {
      const line = printLine(entry, now).trimEnd();
      const again = parseLine(line, { now, ttl: null });
      expect(again).to.deep.include({ key: entry.key, ttl: entry.ttl });
      expect(printLine(again!, now).trimEnd()).to.equal(line);
    }
  }

  expect(pages.every(({ lines }) => lines <= bytes.length + 1)).to.equal(true);
}

const PROFILES = [
  'default: shop\nprofiles:\n  shop:\n    driver: redis\n    host: 10.0.0.1\n    password: ${NAME:-x}\n    prefix: shop-\n',
  'profiles:\n  a: &a {driver: sqlite, path: cache.sqlite, protected: true}\n  b:\n    <<: *a\n    prefix: "b-"\ndefault: b\n',
  'profiles:\n  m: {driver: memcached, servers: ["a:11211", "b:11211"], distribution: ketama, compression: zlib}\n',
  'profiles:\n  r:\n    driver: redis\n    sentinels: [a:26379]\n    primary: m\n    tls: {verify: false, servername: x}\n    locks: {host: b, database: 1}\n',
  'profiles:\n  s: {driver: mysql, url: "mysql://u:p@h/db?tls=require", table: cache, ssh: {destination: u@b, port: 22}}\n',
  'profiles:\n  g: {driver: mongodb, url: "mongodb://h/app", collection: cache}\n  f: {driver: file, path: ., permission: 0664}\ndefault: f\n',
];
const YAML_TOKENS = [
  '&a ',
  '*a',
  '<<: ',
  '- ',
  '? ',
  '!!binary ',
  '!!js/function ',
  '|\n',
  '>\n',
  '---\n',
  '...\n',
  '${',

  '${NAME}',
  '${NAME:-',
  '$$',
  '%YAML 9.9\n',
  '__proto__: ',
  '{a: ',
  '[',
  String.raw`"\x`,
  '!!set ',
  '!<tag:x> ',
  '0x',
  '  ',
  '[*a, *a, *a, *a, *a, *a, *a, *a, *a]',
  '&b [*a,*a]',
  'null',
  '~',
  '.inf',
  '2026-01-01',
  '\uE000',
];

const ENVIRONMENTS = [
  'APP_NAME="My Shop"\nCACHE_STORE=redis\nREDIS_HOST=10.0.0.1\nREDIS_PASSWORD=null\n# comment\nexport A=\'b c\'\n',
  'CACHE_STORE=file\nA=1\nB="${A}x\\n"\nC=${B}${C}\n\nD="two\nlines"\n',
  '\uFEFFCACHE_STORE=database\nDB_CONNECTION=pgsql\nDB_URL=postgres://u:p@h/db\n',
];
const ENV_TOKENS = [
  '=',
  '="',
  "='",
  '${',
  '${A}',
  '\\',
  '#',
  'export ',
  '\n',
  '\r\n',
  ' ',
  'A=',
  'APP_NAME=',
  '\t',
  'null',
];

const CONFIGS = [
  "<?php return ['default' => 'file', 'stores' => ['file' => ['driver' => 'file', 'path' => storage_path('x')]]];",
  "<?php\nsystem('touch pwned');\nreturn ['default' => env('X', 'redis') ?: `touch pwned`, 'prefix' => Str::slug('a b', '_').'_'];",
  '<?php return ["default" => (string) env("A", "file"), ...["a" => 1], "n" => -07, "b" => true ? 1 : 2, "c" => null ?? [1]];',
  '<?php return include "x.php"; eval("1"); return [<<<A\nx {$y}\nA, fn() => 1, new class { function a() {} }, $a::{$b}(), static::X];',
];
const PHP_TOKENS = [
  "env('A')",
  'env(',
  '[',
  ']',
  '=>',
  "'",
  '"{$a}"',
  '<<<A\n',
  '\nA;',
  '...',
  '::',
  '->',
  '$a',
  'new ',

  "'__proto__' => ",
  "explode(',', ",
  '?? ',
  '? 1 : ',
  '(string) ',
  '-',
  '.',
  'match(true) {',
  'fn() => ',
  '//',
  '/*',
  'storage_path(',
  'Str::slug(',
  'return ',
  ';',
  '#[A]',
  '\\A\\',
  'static fn',
  '0x',
  '1_000',
  '09',
  '?>',
  'array(',
];

const URLS = [
  'redis://user:pass@10.0.0.1:6379/1?prefix=a-&codec=php',
  'rediss+cluster://:p@a:1,b:2/?ca=x',
  'sqlite:a.db',

  'memcached://a:1,[::1]:2?distribution=ketama',
  'mongodb+srv://u:p@h/db?authSource=admin',
  'unix:///run/a.sock?db=1',
  'postgres://u:p%40@h:5432/db?sslmode=require&table=t',
  'file:a?prefix=b',
  'redis://h?locks=redis%3A%2F%2Fh2',
];
const URL_TOKENS = [
  '%',
  '%2',
  '%00',
  '@',
  ':',
  '/',
  '//',
  '?',
  '#',
  '&',
  '=',
  '[',
  ']',
  ',',
  'locks=',
  'laravel:',
  '\uFFFD',
];

const LINES = [
  '{"key":"a","value":"v","expires":null}\n{"key":"b","value":{"c":[1,2.5]},"ttl":60,"tags":["x"]}\n',
  '{"key64":"/w==","php":"O:3:\\"Foo\\":1:{s:1:\\"a\\";i:1;}","selfMade":["Foo"],"expires":4102444800}\n',
  '{"key":"c","base64":"AAE=","flags":16,"expires":"2099-01-31T12:00:00Z"}\n{"key":"d","stored":"AAE=","form":"php"}\n',
  '{"key":"ž","value":9223372036854775807,"ttl":"1h30m"}\r\n\n{"key":"e","php64":"TjsA","tags64":["/w=="]}',
];
const LINE_TOKENS = [
  '{"key":"',
  '","value":',
  ',"expires":',
  'null}',
  '"ttl":',
  '"tags":[',
  '"php":"',
  '"php64":"',
  '}\n',

  '"__proto__":',
  '"stored":',
  '"form":',
  '\u001F\u008B',
  '[[',
  '{"a":',
  '1e400',
  String.raw`\ud800`,
  '"flags":-1',
];
