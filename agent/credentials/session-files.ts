// The files of the node's keys and kubelet's token: on tmpfs, and the keys on disk too for a reboot while AWS is away. All have mode 0600.
import { runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { isLongLived } from "./credentials.ts";
import { readSessionFile, renderSessionFile, sessionIdentity } from "./session-file.ts";

export interface SessionFilesOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
}

const SECRET_MODE = 0o600;

/** Reads and writes them. */
export class SessionFiles {
  readonly #options: SessionFilesOptions;
  readonly #identity: string;
  readonly #paths: ReturnType<typeof runPaths>;
  /** The copy that survives a reboot. */
  readonly #copy: string;

  constructor(options: SessionFilesOptions) {
    const { config } = options;
    this.#options = options;
    this.#identity = sessionIdentity(config);
    this.#paths = runPaths(config.runFolder);
    this.#copy = statePaths(config.stateFolder).session;
  }

  /** Reads the valid keys of an earlier run, if they are of this node's identity. Removes a copy on disk that the configuration no longer allows. */
  async read() {
    const { host, config, log } = this.#options;
    const { keysSurviveReboot } = config.aws;
    if (!keysSurviveReboot)
      await host.files.remove(this.#copy).catch((err) => log.warn({ err }, "the earlier keys are still on disk"));
    const read = (path: string) => readSessionFile(host, path, this.#identity);
    return (await read(this.#paths.awsCredentials)) ?? (keysSurviveReboot ? await read(this.#copy) : undefined);
  }

  /** Writes short-lived keys to tmpfs; long-lived ones are written nowhere. @param source state of their source @throws disk-full, file-unwritable */
  async writeKeys(keys: SessionKeys, source: string): Promise<void> {
    const { files } = this.#options.host;
    if (isLongLived(keys)) await files.remove(this.#paths.awsCredentials);
    else await files.write(this.#paths.awsCredentials, this.#render(keys, source), { mode: SECRET_MODE });
  }

  /** Writes the copy for a reboot. Keys without expiry are read from their source after a reboot, too. */
  async writeCopy(keys: SessionKeys, source: string): Promise<void> {
    const { host, config, log } = this.#options;
    if (!config.aws.keysSurviveReboot || keys.expiresAtMs === undefined) return;
    await host.files
      .write(this.#copy, this.#render(keys, source), { mode: SECRET_MODE })
      .catch((err) => log.warn({ err }, "the keys are not on disk: a reboot while AWS is away would wait for AWS"));
  }

  /** @throws disk-full, file-unwritable */
  async writeToken(token: Secret): Promise<void> {
    await this.#options.host.files.write(this.#paths.kubeletToken, token.reveal(), { mode: SECRET_MODE });
  }

  #render(keys: SessionKeys, source: string): string {
    return renderSessionFile(keys, { identity: this.#identity, source });
  }
}
