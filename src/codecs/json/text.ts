/** A JSON string in which everything is escaped that a terminal may obey. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(OBEYED, escaped);
}

/** The same of the beginning of a long text: what a message shows of what was stored. */
export function excerpt(text: string): string {
  return quoted(text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text);
}

const LONGEST_EXCERPT = 40;

/** What JSON allows bare: DEL and C1 controls, line separators, changes of the text's direction. */
const OBEYED = /[\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g;

function escaped(character: string): string {
  return String.raw`\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
}

/** A finite float as JSON that reads back as a float: `1.0`, not `1`. */
export function floatToJson(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
