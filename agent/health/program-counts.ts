// How often the daemon starts another program, by its name: where nothing happens, each start is one too many, or has a reason.
import { type Family, family } from "../board/metric-family.ts";
import type { Host } from "../host/host.ts";
import { replacing } from "../host/replacing.ts";

/** Counts the programs that a host starts. */
export class ProgramCounts {
  readonly #starts = new Map<string, number>();

  /** The same machine, with each start counted: of commands that end, and of children. */
  counting(host: Host): Host {
    return replacing(host, {
      run: (command, ...rest) => {
        this.#count(command);
        return host.run(command, ...rest);
      },
      spawn: (command, ...rest) => {
        this.#count(command);
        return host.spawn(command, ...rest);
      },
    });
  }

  metrics(): readonly Family[] {
    const help = "Programs that the daemon started, by name, kubelet and those that could not be started included.";
    return [
      family("counter", "programs_started_total", help, () =>
        [...this.#starts].map(([program, value]) => ({ value, labels: { program } })),
      ),
    ];
  }

  #count(command: string): void {
    const program = command.slice(command.lastIndexOf("/") + 1);
    this.#starts.set(program, (this.#starts.get(program) ?? 0) + 1);
  }
}
