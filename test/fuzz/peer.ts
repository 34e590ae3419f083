import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('peer.php', import.meta.url));

/** Done by peer.php. */
export type Job =
  | 'floatText'
  | 'generate'
  | 'generateIgbinary'
  | 'generateMsgpack'
  | 'generateWithoutReferences'
  | 'igbinaryToPhp'
  | 'isNumeric'
  | 'msgpackToPhp'
  | 'phpToIgbinary'
  | 'phpToMsgpack'
  | 'reserialize'
  | 'reserializeClassless'
  | 'serializeFloat'
  | 'store';

/** PHP's answer to each argument, all from one process. An empty answer to `reserialize…` is a refusal. */
export function askPhp(php: string, job: Job, questions: readonly Buffer[]): Buffer[] {
  const run = spawnSync(php, ['-d', 'memory_limit=512M', SCRIPT], {
    input: questions.map((question) => `${job} ${question.toString('base64')}\n`).join(''),
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
    timeout: 60_000,
  });
  if (run.error) throw run.error;
  const answers = run.stdout.split('\n').slice(0, -1);
  if (run.status !== 0 || run.stderr !== '' || answers.length !== questions.length) {
    throw new Error(`php answered ${answers.length} of ${questions.length}, exit ${run.status}: ${run.stderr}`);
  }

  return answers.map((answer) => Buffer.from(answer, 'base64'));
}
