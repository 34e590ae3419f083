import { cachectl, type Result, type RunOptions } from './cli.js';

/** Run the built program, and measure its peak resident memory in MiB. For Linux. */
export async function measured(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result & { readonly peak: number }> {
  // Unlike the maximum of getrusage, it does not begin with that of the parent process.
  const script = `
    import { readFileSync } from 'node:fs';
    process.on('exit', () => {
      const [line] = /VmHWM.*kB/.exec(readFileSync('/proc/self/status', 'utf8'));
      process.stderr.write(line + '\\n');
    });`;
  const env = { ...options.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
  const result = await cachectl(args, { ...options, env });
  const [line, kibibytes] = /VmHWM:\s+(\d+) kB\n/.exec(result.err) ?? [];
  return { ...result, err: result.err.replace(line ?? '', ''), peak: Number(kibibytes) / 1024 };
}
