import type { Sample } from '../../stores/contract/stats.js';
import type { Field } from '../../terminal/report.js';

import { formatDuration } from '../../terminal/durations.js';
import { type Bucket, type Histogram, sizesOf, ttlsOf } from '../../terminal/histogram.js';
import { bytesText, ratioText } from '../../terminal/numbers.js';
import { count, entries } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';

const BAR_WIDTH = 30;

/** A sample for a terminal: how it was taken, and histograms. The numbers describe the sample only. */
export function sampleText(sample: Sample): string {
  const [sizes, ttls] = [sizesOf(sample), ttlsOf(sample)];
  const whole = sample.entries.length;
  if (whole === 0) return `\n${styleAnswer('bold', sampleSummary(sample))}\n`;
  const ttlRows: Row[] = [
    ...ttls.buckets.map((bucket): Row => [rangeText(bucket, formatDuration), bucket.entries]),
    ['never expires', ttls.never],
    ['unknown', ttls.unknown],
  ];
  return [
    `\n${styleAnswer('bold', sampleSummary(sample))}\n`,
    `\nsize  ${percentilesText(sizes, bytesText)}\n`,
    bars(
      sizes.buckets.map((bucket): Row => [rangeText(bucket, bytesText), bucket.entries]),
      whole,
    ),
    `\nttl   ${ttls.max === null ? 'no entry expires' : percentilesText(ttls, formatDuration)}\n`,
    bars(ttlRows, whole),
  ].join('');
}

/** `a sample of 1,000 entries: a slice of the unordered hash table; 12,000 keys read`. */
export function sampleSummary({ entries: chosen, isComplete, isRandom, looked, method }: Sample): string {
  const parts = [`a sample of ${entries(chosen.length)}: ${method}`];
  if (!isComplete && looked !== undefined) parts.push(`${count(looked)} read`);
  if (!isRandom) parts.push('not random');
  return parts.join('; ');
}

/** The member `sample` of `stats`: sizes in bytes, TTLs in seconds. */
export function sampleFields(sample: Sample): Field[] {
  const { never, unknown, ...ttls } = ttlsOf(sample);
  return [
    { name: 'entries', value: sample.entries.length },
    { name: 'method', value: sample.method },
    { name: 'complete', value: sample.isComplete },
    { name: 'random', value: sample.isRandom },
    { name: 'looked', value: sample.looked },
    { name: 'sizes', members: histogramFields(sizesOf(sample)) },
    {
      name: 'ttls',
      members: [...histogramFields(ttls), { name: 'never', value: never }, { name: 'unknown', value: unknown }],
    },
  ];
}

function histogramFields({ median, p90, p99, max, buckets }: Histogram): Field[] {
  return [
    ...Object.entries({ median, p90, p99, max }).map(([name, value]) => ({ name, value: value ?? undefined })),
    {
      name: 'buckets',
      members: buckets.map(({ from, to, entries: number }) => [
        { name: 'from', value: from },
        { name: 'to', value: to, ...(to === null && { plain: 'unlimited' }) },
        { name: 'entries', value: number },
      ]),
    },
  ];
}

type Row = readonly [label: string, entries: number];

/** Bars for the buckets that are not empty, relative to the largest. */
function bars(rows: readonly Row[], whole: number): string {
  const filled = rows.filter(([, number]) => number > 0);
  const most = Math.max(...filled.map(([, number]) => number));
  const width = Math.max(...filled.map(([label]) => label.length));
  return filled
    .map(([label, number]) => {
      const bar = '█'.repeat(Math.max(1, Math.round((number / most) * BAR_WIDTH))).padEnd(BAR_WIDTH);
      return `  ${label.padEnd(width)}  ${bar}  ${ratioText(number / whole).padStart(6)}  ${count(number)}\n`;
    })
    .join('');
}

function percentilesText({ median, p90, p99, max }: Histogram, text: (number: number) => string): string {
  return `median ${text(median!)}, p90 ${text(p90!)}, p99 ${text(p99!)}, largest ${text(max!)}`;
}

function rangeText({ from, to }: Bucket, text: (number: number) => string): string {
  if (to === null) return `${text(from)} and more`;
  return from === 0 ? `under ${text(to)}` : `${text(from)} to ${text(to)}`;
}
