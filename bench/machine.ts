import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, totalmem, type } from 'node:os';

/** The machine of the run, as a paragraph without host names or paths. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${cpus().length} cores of ${cpu?.model.trim() ?? 'an unknown processor'} (${arch()}), ${memory} GiB of memory, ${system()};`,
    `${['node', ...PROGRAMS].map((name) => version(name)).join(', ')}.`,
  ].join('\n');
}

const PROGRAMS = ['redis-server', 'memcached', 'sqlite3', 'mariadbd', 'psql', 'php'];

function system(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type();
  } catch {
    return type();
  }
}

/** The first number with a dot in the output of `--version`. */
function version(name: string): string {
  try {
    const printed = execFileSync(name, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return `${name} ${/\d+(?:\.\d+)+/.exec(printed)?.[0] ?? 'of an unknown version'}`;
  } catch {
    return `no ${name}`;
  }
}
