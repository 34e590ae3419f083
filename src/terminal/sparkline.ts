const BARS = '▁▂▃▄▅▆▇█';

/** Draw numbers as a row of bars. `most` gets the highest bar; 0 becomes a space. */
export function sparkline(numbers: readonly number[], most = Math.max(...numbers)): string {
  return numbers.map((number) => barOf(number, most)).join('');
}

function barOf(number: number, most: number): string {
  if (number <= 0 || most <= 0) return ' ';
  return BARS[Math.min(BARS.length - 1, Math.floor((number / most) * BARS.length))]!;
}
