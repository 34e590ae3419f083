import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { onTwoStores } from '../../support/places.js';
import { scratchFolder } from '../../support/scratch.js';

describe('events:tail --exec', () => {
  onTwoStores((place, driver) => {
    // Memcached's keys have up to 250 bytes, and it does not report tags.
    const long = driver === 'memcached' ? 'k'.repeat(200) : 'k'.repeat(driver === 'mongodb' ? 900 : 200_000);

    it('survives keys of any length, which arrive in full on standard input', async () => {
      const file = path.join(scratchFolder('exec'), 'log');
      const command = `node -e 'let s = ""; process.stdin.on("data", (d) => { s += d; }).on("end", () => {
        const { key } = JSON.parse(s);
        require("fs").appendFileSync("${file}", key.length + " " + process.env.CACHECTL_EVENT_KEY.length + "\\n"); })'`;
      const tail = place.start(['events:tail', '--enable', '--type', 'KeyWritten', '--jobs', '1', '--exec', command]);
      const seen = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
      while (!seen().includes('5 5\n')) {
        expect(tail.child.exitCode).to.equal(null);
        await place.run(['put', 'probe', '1']);
      }

      await place.run(['put', '--from', '-'], { input: `${JSON.stringify({ key: long, value: '1' })}\n` });
      while (!seen().includes(`${long.length} ${long.length > 16_384 ? 0 : long.length}\n`)) {
        expect(tail.child.exitCode, 'the tail').to.equal(null);
        await place.run(['put', 'after', '1']);
      }

      tail.child.kill('SIGTERM');
      const { err } = await tail.ended;
      expect(err).not.to.include('could not be started');
    });
  });
});
