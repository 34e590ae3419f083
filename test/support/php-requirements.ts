import type { Context } from 'mocha';

import { spawnSync } from 'node:child_process';

import { lacking, requireProgram } from './requirements.js';

/** A requirement beside Laravel's cache: a PHP extension, or a component of Laravel. */
export type PhpPart = 'igbinary' | 'memcached' | 'msgpack' | 'redis' | `Illuminate/${string}` | `pdo_${string}`;

/**
 * Return the PHP for Laravel's cache with the named parts. If one is missing, the tests of `context` are skipped with
 * a notice, or fail under CI.
 */
export function requirePhp(context: Context, ...parts: PhpPart[]): string {
  const php = requireProgram(context, 'php');
  const missing = missingParts(php, ['Illuminate/Cache', ...parts]);
  return missing.length === 0 ? php : lacking(context, `PHP has no ${missing.join(', no ')}`);
}

/**
 * Require a constant of a PHP extension, such as `Redis::COMPRESSION_LZ4`. If it is missing, the tests of `context`
 * are skipped with a notice, or fail under CI.
 */
export function requireConstant(context: Context, constant: string): void {
  const php = requireProgram(context, 'php');
  const isThere = run(php, `echo defined($argv[1]) ? 'yes' : 'no';`, [constant]);
  if (isThere !== 'yes') lacking(context, `PHP's extension was built without ${constant}`);
}

function missingParts(php: string, parts: readonly PhpPart[]): string[] {
  return run(
    php,
    `foreach (array_slice($argv, 1) as $part) {
      $isThere = str_contains($part, '/') ? stream_resolve_include_path("$part/autoload.php") : extension_loaded($part);
      if (!$isThere) echo $part, "\\n";
    }`,
    parts,
  )
    .split('\n')
    .filter(Boolean);
}

function run(php: string, script: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(php, ['-r', script, '--', ...args], { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`php failed: ${stderr}`);
  return stdout;
}
