/** A finite float as JSON that reads back as a float: `1.0`, not `1`. */
export function floatToJson(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
