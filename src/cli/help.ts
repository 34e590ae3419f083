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

  /** In the order in which one gets to know them. */
  protected override get sortedCommands(): Command.Loadable[] {
    return super.sortedCommands.toSorted((a, b) => rank(a.id) - rank(b.id));
  }
}

/** The summary stands at the top of a page already; oclif would say it again under DESCRIPTION. */
class BriefCommandHelp extends CommandHelp {
  protected override description(): string | undefined {
    return this.command.description && this.wrap(this.command.description);
  }
}

const ORDER = ['get', 'put', 'forget', 'flush', 'tags:flush', 'lock:acquire', 'lock:release', 'events:tail'];

function rank(id: string): number {
  const at = ORDER.indexOf(id);
  return at === -1 ? ORDER.length : at;
}
