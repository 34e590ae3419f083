// npm run bench [-- NAME...] [--entries 100k] [--markdown] [--list]: compare cachectl with its peers and budgets.
// A name selects every bench that begins with it: `flush` runs flush-redis, flush-sqlite, ...
import { parseArgs } from 'node:util';

import type { Measurement, Scale } from './measurement.js';

import { BENCHES } from './benches.js';
import { machine } from './machine.js';
import { asMarkdown, asTable } from './table.js';

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    entries: { type: 'string', default: process.env.CACHECTL_BENCH_ENTRIES ?? '1M' },
    list: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

if (flags.list) {
  for (const [name, { summary }] of Object.entries(BENCHES)) console.log(`${name.padEnd(24)}${summary}`);
} else {
  const measurements = await measureAll(wanted(names), scaleOf(flags.entries));
  console.log(flags.markdown ? `${machine()}\n\n${asMarkdown(measurements)}` : asTable(measurements));
}

async function measureAll(benches: readonly string[], scale: Scale): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const name of benches) {
    const measure = await BENCHES[name]!.load();
    for await (const each of measure(scale)) {
      process.stderr.write(`${each.what}: ${each.measured} (${each.peer})\n`);
      measurements.push(each);
    }
  }

  return measurements;
}

function wanted(heads: readonly string[]): readonly string[] {
  const all = Object.keys(BENCHES);
  const unknown = heads.filter((head) => !all.some((name) => name.startsWith(head)));
  if (unknown.length > 0) throw new Error(`no bench ${unknown.join(', ')}; there are ${all.join(', ')}`);
  return heads.length === 0 ? all : all.filter((name) => heads.some((head) => name.startsWith(head)));
}

/** `100k`, `1M`, `25000`. */
function scaleOf(text: string): Scale {
  const [, digits, unit] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--entries ${text} is no number such as 25000, 100k or 1M`);
  const entries = Number(digits) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1000 : 1);
  return { entries, many: 4 * entries };
}
