/** `code` with ranges replaced by texts. Ranges do not overlap. */
export function edited(code, edits) {
  const parts = [];
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(code.slice(at, start), text);
    at = end;
  }

  return parts.join('') + code.slice(at);
}
