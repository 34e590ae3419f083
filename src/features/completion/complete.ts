import type { Candidate, Target } from './target.js';

import { commandsOf } from '../../runtime/manifest.js';
import { answer } from '../../terminal/output.js';
import { bashInsertion, splitLine } from './shell-line.js';
import { targetOf } from './target.js';

/**
 * Answer a shell's completion function: the first line names the kind of answer, and candidates follow, one per line.
 * Silent on failure.
 * @param request `bash LINE TEXT` (the line up to the cursor, and the text that bash completes), or `zsh WORD...` or
 * `fish WORD...` with the last word as typed
 * @param root the folder of package.json
 */
export async function complete([shell, ...request]: readonly string[], root: string): Promise<void> {
  try {
    const line = shell === 'bash' ? splitLine(request[0] ?? '') : undefined;
    const words = line?.words.slice(1) ?? [...request.slice(0, -1), splitLine(request.at(-1) ?? '').words.join(' ')];
    const target = targetOf(words, commandsOf(root));
    const { first, candidates } = await answerTo(target, words.at(-1) ?? '');
    const texts = candidates.map(({ value, about = '', isPartial = false }) =>
      line === undefined
        ? `${value}\t${about}\t${shell === 'zsh' && isPartial ? 'partial' : ''}`.trimEnd()
        : bashInsertion(line, request[1] ?? '', value),
    );
    const isPartial = candidates.some((candidate) => candidate.isPartial);
    await answer(`${[isPartial ? `${first} partial` : first, ...texts].join('\n')}\n`);
  } catch {
    // A message would appear in the middle of the command line.
  }
}

async function answerTo(
  target: Target | undefined,
  word: string,
): Promise<{ readonly first: string; readonly candidates: readonly Candidate[] }> {
  if (target?.kind === 'file') return { first: 'files', candidates: [] };
  if (target?.kind === 'program') return { first: `program ${target.at}`, candidates: [] };
  if (target === undefined) return { first: 'values', candidates: [] };
  if (target.kind === 'choice') {
    return { first: 'values', candidates: target.choices.filter(({ value }) => value.startsWith(word)) };
  }

  const { namesFor } = await import('./names.js');
  return { first: 'values', candidates: await namesFor(target) };
}
