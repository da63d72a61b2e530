// Remembers as which Node this machine has joined, and reports the Node that another name leaves behind.
import type { NoticeEvent } from "../board/events.ts";
import { readNodeRecord, writeNodeRecord } from "../config/node-record.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { providerIdOf } from "../plan/node-identity.ts";

export interface NodeRecorderOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly emit: (event: NoticeEvent) => void;
}

/** Writes the record of each join once. */
export class NodeRecorder {
  readonly #options: NodeRecorderOptions;
  #isRecorded = false;

  constructor(options: NodeRecorderOptions) {
    this.#options = options;
  }

  /** Takes the current Node; undefined when the cluster has none. */
  async see(node: NodeState | undefined): Promise<void> {
    if (node === undefined || this.#isRecorded) return;
    this.#isRecorded = true;
    try {
      await this.#record();
    } catch (err) {
      this.#isRecorded = false; // The next look at the Node tries again.
      this.#options.log.warn({ err }, "the Node's name was not recorded: it follows the host name until it is");
    }
  }

  async #record(): Promise<void> {
    const { host, config, emit } = this.#options;
    const { name } = config.node;
    const providerId = providerIdOf(config);
    const before = await readNodeRecord(host, config.stateFolder);
    if (before?.name === name && before.providerId === providerId) return;
    const hostname = before?.name === name ? before.hostname : (await host.systemInformation()).hostname;
    await writeNodeRecord(host, config.stateFolder, { name, hostname, providerId });
    if (before === undefined || before.name === name) return;
    const message = `this machine was Node ${before.name} and is Node ${name} now; the other one stays in the cluster until it is deleted: kubectl delete node ${before.name}`;
    emit({ kind: "notice", type: "Warning", reason: "NodeRenamed", message });
  }
}
