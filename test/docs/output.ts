/** What differs from run to run, most specific first. */
const VOLATILE: ReadonlyArray<readonly [RegExp, string]> = [
  [/\S*\/shop\/|\/var\/www\/shop/g, '/srv/shop/'],
  [/cachectl:[\w.@-]+:\d+:[\da-f]{32}/g, 'OWNER'],
  [/[\w.-]+@[\w.-]+,? process \d+/g, 'HOLDER'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE'],
  [/\d\d:\d\d:\d\d\.\d{3}/g, 'CLOCK'],
  [/127\.0\.0\.1:\d+/g, 'ADDRESS'],
  [/\d+(?:\.\d+)? ?(?:ms|d|h|m|s|seconds?|minutes?)\b(?: \d+(?:h|m|s))?/g, 'DURATION'],
  [/[\d,.]+ (?:B|kB|MB|GB)\b/g, 'SIZE'],
  [/[▁▂▃▄▅▆▇█]+/g, ''],
  [/\d[\d,.]*/g, 'N'],
  [/\s+/g, ' '],
];

/** Text with the volatile parts replaced by their kind, and every stretch of white space by a space. */
export function formOf(text: string): string {
  let form = text;
  for (const [pattern, kind] of VOLATILE) form = form.replaceAll(pattern, kind);
  return form.trim();
}

/** Whether the output is as documented. A line `…` stands for any lines. */
export function isAsShown(output: string, shown: string): boolean {
  const parts = shown.split(/^\s*…\n?/m).map((part) => formOf(part));
  const form = formOf(output);
  if (parts.length === 1) return form === parts[0];
  let from = 0;
  for (const part of parts) {
    const at = form.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }

  return form.startsWith(parts[0]!) && form.endsWith(parts.at(-1)!);
}

/** The documented lines of a live view that were not printed. Their order and number depend on the moment. */
export function linesMissing(output: string, shown: string): readonly string[] {
  const printed = output.split('\n').map((line) => formOf(line));
  const isPrinted = (line: string): boolean => {
    if (!/[▁-█]/.test(line)) return printed.includes(formOf(line));
    // So do the columns of a row with a sparkline.
    const [name] = formOf(line).split(' ');
    return printed.some((row) => row.startsWith(`${name} `));
  };

  return shown.split('\n').filter((line) => line.trim() !== '…' && !isPrinted(line));
}
