import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ProcessRow } from '../../runtime/child/process-table.js';
import type { Lock, Store } from '../../stores/contract/store.js';

import { ExitCode, InterruptedError, PartialError, UsageError } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { waitFlag } from '../../features/locks/flags.js';
import { type Acquired, HeldLock, type Holding } from '../../features/locks/held-lock.js';
import { checkKeptTtl } from '../../features/locks/lock-ttl.js';
import { heldText } from '../../features/locks/text.js';
import { whileWaiting } from '../../features/locks/waiting.js';
import { ChildCommand, commandLine } from '../../runtime/child/command.js';
import { preciseDuration } from '../../runtime/flags.js';
import { interruptible, type Interruption } from '../../runtime/interrupt.js';
import { readKey } from '../../runtime/key-arguments.js';
import { checkPlaceOrClose } from '../../runtime/place-check.js';
import { toFailure } from '../../runtime/report-error.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { nameText } from '../../stores/locks/description.js';
import { FencedLock } from '../../stores/locks/fenced-lock.js';
import { newOwner } from '../../stores/locks/owner.js';
import { LockSlots } from '../../stores/locks/slots.js';
import { acquireWithin, type WaitedLock } from '../../stores/locks/wait.js';
import { warn } from '../../terminal/output.js';
import { lineField } from '../../terminal/value-text.js';

export default class LockRun extends StoreCommand {
  static override summary = 'Run a command while holding a lock.';
  static override description = `Refreshes the lock while the command runs and releases it at the end. Passes on the command's exit code, and signals to the command. Exits 75 if the lock was not acquired, 76 if it was lost; then the command is stopped, unless --on-lost says otherwise.

The command gets CACHECTL_LOCK_NAME and CACHECTL_LOCK_OWNER, and CACHECTL_LOCK_FENCE with --fence.`;

  static override usage = 'lock:run NAME [FLAGS] [--] COMMAND [ARGS...]';

  static override examples = [
    { description: 'Run one deploy at a time', command: 'cachectl lock:run deploy --wait 10m -- ./deploy.sh' },
    {
      description: 'Run a cron job on one of several hosts',
      command: 'cachectl lock:run report --skip-if-locked -- php artisan report:send',
    },
    {
      description: 'Run at most three at once',
      command: 'cachectl lock:run import --slots 3 --wait 1h -- ./import.sh',
    },
  ];

  static override strict = false;

  /** The command line ends with the command line of another program. */
  static readonly runsProgram = true;

  static override args = {
    name: Args.string({ description: 'Name of the lock, without its prefix.', required: true, ignoreStdin: true }),
  };

  static override flags = {
    ttl: preciseDuration({
      summary: 'Lock TTL. It is renewed while the command runs, so keep it short.',
      default: 30,
      defaultHelp: async () => '30s',
    }),
    wait: waitFlag,
    slots: Flags.integer({
      summary: 'Allow N holders at once (locks NAME1 to NAMEn).',
      min: 1,
      max: 1000,
      helpValue: 'N',
    }),
    fence: Flags.boolean({
      default: false,
      summary: 'Put a fencing token in CACHECTL_LOCK_FENCE: a number that grows with each acquisition.',
    }),
    'skip-if-locked': Flags.boolean({ default: false, summary: 'Exit 0 instead of 75 if the lock is held.' }),
    'on-lost': Flags.option({ options: ['stop', 'warn'] as const })({
      summary: 'What to do if the lock is lost: stop the command, or warn.',
      default: 'stop',
    }),
    grace: preciseDuration({
      summary: 'Time between SIGTERM and SIGKILL when the command is stopped.',
      default: 10,
      defaultHelp: async () => '10s',
    }),
  };

  async run(): Promise<void> {
    const { flags, raw } = await this.parse(LockRun);
    const words = raw.flatMap((token) => (token.type === 'arg' ? [token.input] : []));
    const { name, command } = namedCommand(words, this.argv);
    checkKeys([name]);
    const holding: Holding = {
      owner: newOwner(),
      ttl: flags.ttl,
      openStore: async () => (await this.openStore(flags)).store,
      lockOf: (store) => lockOf(store, name, flags.slots),
    };
    const { store, profile } = await this.openStore(flags);
    checkKeptTtl(store, flags.ttl);
    const acquired = await interruptible(async (interruption) => {
      await checkPlaceOrClose(store, profile, { place: 'locks', access: 'creates' });
      return acquire(store, holding, { name, wait: flags.wait, isFenced: flags.fence }, interruption);
    });
    if (acquired === undefined) {
      warn(heldText(name, await holding.lockOf(store).holder()));
      await store.close();
      process.exitCode = flags['skip-if-locked'] ? ExitCode.Yes : ExitCode.NotAcquired;
      return;
    }

    const held = new HeldLock(store, holding, acquired);
    const env = {
      CACHECTL_LOCK_NAME: printKey(nameOf(acquired.lock, name)),
      CACHECTL_LOCK_OWNER: holding.owner,
      ...(acquired.fence !== undefined && { CACHECTL_LOCK_FENCE: acquired.fence.toString() }),
    };
    const isStopped = flags['on-lost'] === 'stop';
    const child = new ChildCommand(command, { env, grace: flags.grace, outlivesUs: !isStopped });
    process.exitCode = await runUnder(held, name, child, isStopped);
  }
}

interface Acquiring {
  readonly name: string;
  /** Seconds. */
  readonly wait: number;
  readonly isFenced: boolean;
}

/** Undefined if someone else holds it. Releases the lock if anything fails. */
async function acquire(
  store: Store,
  { owner, ttl, lockOf }: Holding,
  { name, wait, isFenced }: Acquiring,
  interruption: Interruption,
): Promise<(Acquired & { readonly fence: bigint | undefined }) | undefined> {
  const plain = lockOf(store);
  const fenced = isFenced ? new FencedLock(store, name, plain) : undefined;
  const lock: Lock = fenced ?? plain;
  let at = 0;
  const timed: WaitedLock = {
    async acquire(): Promise<boolean> {
      at = performance.now();
      return lock.acquire(owner, ttl);
    },
    holder: async () => lock.holder(),
    release: async () => lock.release(owner),
    ...(lock.startWaiting && { startWaiting: async (waiter) => lock.startWaiting!(waiter) }),
  };
  try {
    const options = { owner, isOwnerNew: true, ttl, wait, signal: interruption.signal };
    const isAcquired = await whileWaiting({ store, what: nameText(name) }, async (told) =>
      acquireWithin(timed, { ...options, ...told }),
    );
    if (interruption.by === 'SIGINT') throw new InterruptedError('interrupted; the command was not run', '');
    if (interruption.by !== undefined) throw new PartialError('terminated while waiting; the command was not run', '');
    // A user without permission to refresh (on Redis it takes a script) would lose the lock while the command runs.
    // With another owner, a refresh changes nothing. A fenced lock has been refreshed already.
    if (isAcquired && fenced === undefined) await lock.refresh(`${owner}?`, ttl);
    return isAcquired ? { lock: plain, at, fence: fenced?.fence } : undefined;
  } catch (error) {
    // A server that did not answer may still have acquired it.
    await lock.release(owner).catch(() => false);
    await store.close();
    throw error;
  }
}

/**
 * @param isStopped whether to stop the command if the lock is lost
 * @returns the command's exit code, or the exit code for a lost lock
 */
async function runUnder(held: HeldLock, name: string, child: ChildCommand, isStopped: boolean): Promise<number> {
  let isLost = false;
  const onLost = held.lost.then((reason) => {
    isLost = true;
    warn(`${nameText(name)} was lost while the command ran: ${reason}`);
    if (isStopped) child.stop();
  });
  const code = await Promise.race([child.exitCode, onLost.then(async () => child.exitCode)]);
  if (child.notStarted !== undefined) warn(child.notStarted);
  const wasLostBefore = isLost;
  const left = await child.leftBehind();
  if (left.length > 0) warn(`${nameText(name)} is released with ${processesText(left)}\n  ${KEEP}`);
  const isOurs = await releaseOrWarn(held, name);
  if (!isOurs && !wasLostBefore) warn(`${nameText(name)} was lost before the command ended: it expired or was broken`);
  return (wasLostBefore || !isOurs) && isStopped ? ExitCode.LockLost : code;
}

const KEEP =
  'Have the command wait for them to keep the lock. Daemons in a session of their own (setsid) are not reported.';

/** The maximum number of processes to name. */
const MAX_NAMED = 5;

function processesText(processes: readonly ProcessRow[]): string {
  const named = processes.slice(0, MAX_NAMED).map(({ name, pid }) => `${lineField(name)} (${pid})`);
  const rest = processes.length - named.length;
  const list = [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  return `${processes.length} ${processes.length === 1 ? 'process' : 'processes'} of its command still running: ${list}`;
}

/** Whether the lock was held to the end. If the server does not answer, it was, and it will expire. */
async function releaseOrWarn(held: HeldLock, name: string): Promise<boolean> {
  try {
    return await held.release();
  } catch (error) {
    warn(`${nameText(name)} could not be released and will expire: ${toFailure(error).message}`);
    return true;
  }
}

const USAGE = 'Write the command after --, as in: cachectl lock:run deploy -- ./deploy.sh';

/**
 * Split the words into the lock's name and the command. If the name is missing, the first word after `--` would be
 * taken for it. It may be the name only if it begins with a dash.
 * @param words in their order; the parser's `argv` misplaces repeated words
 */
function namedCommand([name = '', ...rest]: readonly string[], argv: readonly string[]) {
  const at = argv.indexOf('--');
  const before = at === -1 ? 1 : rest.length + 1 - (argv.length - at - 1);
  if (before === 0 && !name.startsWith('-')) throw new UsageError('missing argument NAME', USAGE);
  if (before > 1) throw new UsageError(`there are ${before} names`, USAGE);
  return { name: readKey(name), command: commandLine(rest, USAGE) };
}

/** With slots, the name of the acquired slot, under which other commands find it. */
function nameOf(lock: Lock, name: string): string {
  return lock instanceof LockSlots ? `${name}${lock.number}` : name;
}

function lockOf(store: Store, name: string, slots: number | undefined): Lock {
  if (slots === undefined) return store.lock(name);
  return new LockSlots(Array.from({ length: slots }, (_, index) => store.lock(`${name}${index + 1}`)));
}
