import type { Command } from '@oclif/core/command';
import type { Topic } from '@oclif/core/interfaces';

import { CommandHelp, Help } from '@oclif/core/help';

/** Lists every command at once: they are few, and a topic's name says nothing that its commands don't. */
export default class FlatHelp extends Help {
  protected override CommandHelpClass = BriefCommandHelp;

  override async showRootHelp(): Promise<void> {
    this.opts.all = true;
    return super.showRootHelp();
  }

  protected override get sortedTopics(): Topic[] {
    return [];
  }

  /** By what one is about to do, and there in the order in which one gets to know them. */
  protected override formatCommands(commands: Command.Loadable[]): string {
    const grouped = new Set(Object.values(GROUPS).flat());
    const others = commands.filter(({ id }) => !grouped.has(id));
    const groups = Object.entries(GROUPS).map(([title, ids]) => this.#group(title, commandsOf(ids, commands)));
    return [...groups, this.#group('OTHERS', others)].filter(Boolean).join('\n\n');
  }

  #group(title: string, commands: readonly Command.Loadable[]): string {
    if (commands.length === 0) return '';
    const rows = commands.map((command) => [command.id.padEnd(ID_WIDTH), this.summary(command)]);
    return this.section(
      title,
      this.renderList(rows, { indentation: 2, spacer: '\n', stripAnsi: this.opts.stripAnsi ?? false }),
    );
  }
}

/** The summary stands at the top of a page already; oclif would say it again under DESCRIPTION. */
class BriefCommandHelp extends CommandHelp {
  protected override description(): string | undefined {
    return this.command.description && this.wrap(this.command.description);
  }
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'READ AND WRITE': ['get', 'put', 'add', 'forget', 'pull', 'touch', 'increment', 'decrement', 'remember'],
  'LOOK AROUND': ['keys', 'inspect', 'stats', 'top', 'events:tail', 'doctor'],
  'EMPTY AND MOVE': ['flush', 'export', 'import', 'copy'],
  TAGS: ['tags:flush', 'tags:list', 'tags:show', 'tags:prune'],
  LOCKS: ['lock:run', 'lock:acquire', 'lock:refresh', 'lock:release', 'lock:list', 'lock:show', 'lock:watch'],
};

/** So that the summaries of all groups stand below each other. */
const ID_WIDTH = Math.max(...Object.values(GROUPS).flatMap((ids) => ids.map((id) => id.length)));

function commandsOf(ids: readonly string[], commands: readonly Command.Loadable[]): Command.Loadable[] {
  return ids.flatMap((id) => commands.filter((command) => command.id === id));
}
