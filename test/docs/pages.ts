import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** A command that a page shows. */
export interface Example {
  readonly command: string;
  /** What the page shows as its output. Undefined if it shows none. */
  readonly output?: string;
  /** True in a `console` block: the output is that of a terminal. */
  readonly atTerminal: boolean;
}

/** README.md and all pages in docs, relative to the root. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(fileURLToPath(new URL('docs', ROOT)), { recursive: true })
    .map((file) => `docs/${String(file)}`)
    .filter((file) => file.endsWith('.md'))
    .toSorted(),
];

/** The commands in the `sh` and `console` blocks of a page, and in the steps of CI jobs. */
export function examplesOf(page: string): readonly Example[] {
  return blocksOf(page).flatMap(({ language, text }) => {
    if (language === 'console') return sessionOf(text);
    const commands = language === 'sh' ? linesOf(text) : stepsOf(text);
    return commands.map((command) => ({ command, atTerminal: false }));
  });
}

/** The YAML blocks of a page that are profile files. */
export function profileFilesOf(page: string): readonly string[] {
  return blocksOf(page)
    .filter(({ language, text }) => language === 'yaml' && /^profiles:/m.test(text))
    .map(({ text }) => text);
}

function blocksOf(page: string): ReadonlyArray<{ language: string; text: string }> {
  const blocks = readFileSync(new URL(page, ROOT), 'utf8').matchAll(/^```(sh|console|yaml)\n(.*?)^```$/gms);
  return [...blocks].map(([, language, text]) => ({ language: language!, text: text! }));
}

/** `$ command` and what it prints, up to the next one. */
function sessionOf(text: string): readonly Example[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...rest] = part.split('\n');
      const output = rest.join('\n').trim();
      return { command: withoutComment(line), atTerminal: true, ...(output === '' ? {} : { output }) };
    });
}

/** A compound command is one. Comments and synopses are none. */
function linesOf(text: string): readonly string[] {
  return text
    .replaceAll(/^case .*?^esac$/gms, (command) => command.replaceAll('\n', '\0'))
    .split('\n')
    .map((line) => (line.includes('\0') ? line.replaceAll('\0', '\n') : withoutComment(line)))
    .filter((line) => line !== '' && !/\[FLAGS\]|\[ARGS\.\.\.\]/.test(line));
}

function stepsOf(text: string): readonly string[] {
  return [...text.matchAll(/^ *- (?:run: )?((?:cachectl|npm) .*)$/gm)].map(([, command]) => command!);
}

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s+)# .*$/, '');
}
