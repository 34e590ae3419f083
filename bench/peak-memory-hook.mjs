// Loaded into the measured program. Writes its peak memory, in megabytes, and its CPU time, in seconds, to the file
// CACHECTL_BENCH_PEAK. Resource usage would include the memory of the process that started the program.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.CACHECTL_BENCH_PEAK;
// Do not measure child processes.
delete process.env.CACHECTL_BENCH_PEAK;
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  if (file) writeFileSync(file, `${peak() / 1000} ${(user + system) / 1e6}`);
});

/** In kilobytes. */
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1.024;
  } catch {
    return process.resourceUsage().maxRSS * 1.024;
  }
}
