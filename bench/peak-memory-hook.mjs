// Loaded into the program that is measured: leaves the most that it had in memory, in megabytes, where CACHECTL_BENCH_PEAK says.
// Resource usage would count what was in memory before the program was: that of whoever started it.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.CACHECTL_BENCH_PEAK;
// What the program starts is not measured.
delete process.env.CACHECTL_BENCH_PEAK;
process.on('exit', () => {
  if (file) writeFileSync(file, String(peak() / 1000));
});

/** In kilobytes. */
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1.024;
  } catch {
    return process.resourceUsage().maxRSS * 1.024;
  }
}
