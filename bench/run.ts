// npm run bench [-- NAME...]: what is measured, beside a peer in the same run, with the budget beside each.
import Table from 'cli-table3';

import type { Measurement } from './measurement.js';

import { measureMonitor } from './events/monitor.js';
import { measureHandover } from './locks/handover.js';
import { measureLoad } from './locks/load.js';

const BENCHES: Readonly<Record<string, () => AsyncGenerator<Measurement>>> = {
  'events-monitor': measureMonitor,
  'lock-handover': measureHandover,
  'lock-load': measureLoad,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) throw new Error(`no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);

const table = new Table({ head: ['what', 'measured', 'budget', 'peer'], style: { head: [], border: [] } });
for (const [name, measure] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for await (const { what, measured, budget, peer } of measure()) {
    process.stderr.write(`${what}: ${measured} (${peer})\n`);
    table.push([what, measured, budget, peer]);
  }
}

console.log(table.toString());
