// A containerd of its own beside the machine's: its configuration, its socket and its runtimes in one folder, no cluster.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ContainerdFacts, readContainerdConfig } from "../../agent/facts/containerd.ts";
import { readImports } from "../../agent/facts/containerd-imports.ts";
import { readNvidiaToolkit } from "../../agent/facts/nvidia-toolkit.ts";
import { asBytes, asText, fieldsOf } from "../../agent/facts/protobuf.ts";
import type { Host } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { OPERATORS_RUNTIME, PACKAGED_RUNTIME, readContainerdStart } from "../fakes/containerd-starts.ts";
import { waitFor } from "../sandbox/wait.ts";

/** CRI's own word on its configuration. */
export interface CriInfo {
  readonly enableCDI?: boolean;
  readonly containerd: {
    readonly defaultRuntimeName: string;
    readonly runtimes: Readonly<Record<string, CriRuntime>>;
  };
  /** Up to 2.0 one folder, since then a list. */
  readonly cni: { readonly binDir?: string; readonly binDirs?: readonly string[]; readonly confDir: string };
  /** Up to 1.7; since 2.0 the images' plugin has it. */
  readonly sandboxImage?: string;
}

export interface CriRuntime {
  readonly runtimeType: string;
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** What CRI says when it is asked for its status at length. */
export interface CriStatus {
  readonly config: CriInfo;
  /** Names of the runtime handlers; containerd 2 tells them. */
  readonly handlers: readonly string[];
}

/** What containerd logs of a CRI plugin that its configuration is not right for. */
const CRI_REFUSED = /^.*failed to load plugin.*io\.containerd\.(?:grpc\.v1\.cri|cri\.v1).*$/m;

/** StatusRequest{verbose=1: true}. */
const VERBOSE = Uint8Array.of(8, 1);

/** containerd writes into these whatever its configuration says. */
const PRIVATE = 'for folder in /opt /run; do mount -t tmpfs tmpfs "$folder" || exit 1; done; exec "$@"';

export class RealContainerd {
  readonly #folder: string;
  readonly #bin: string;
  /** This machine, on which `containerd` is the one of the test. */
  readonly host: Host;

  private constructor(folder: string, bin: string) {
    this.#folder = folder;
    this.#bin = bin;
    const host = createLinuxHost();
    const run: Host["run"] = (command, args, options) =>
      host.run(command === "containerd" ? join(bin, "containerd") : command, args, options);
    this.host = { ...host, run };
  }

  /** @param bin folder of containerd and its shim */
  static async create(bin: string): Promise<RealContainerd> {
    const containerd = new RealContainerd(await mkdtemp(join(tmpdir(), "eks-satellite-containerd-")), bin);
    for (const runtime of [PACKAGED_RUNTIME, OPERATORS_RUNTIME])
      for (const mode of ["", ".cdi", ".legacy"])
        await containerd.#write(containerd.inside(runtime + mode), '#!/bin/sh\nexec runc "$@"\n', 0o755);
    return containerd;
  }

  get configFile(): string {
    return this.inside("/etc/containerd/config.toml");
  }

  /** Where a path of the starting points is. */
  inside(path: string): string {
    return `${this.#folder}${path}`;
  }

  /** Lays a starting point down, with its paths in this folder. */
  async begin(name: string): Promise<void> {
    const { main, dropIn } = readContainerdStart(name);
    await rm(this.inside("/etc/containerd"), { recursive: true, force: true });
    const moved = (text: string) => text.replaceAll(/"(\/(?:etc|usr)\/)/g, `"${this.#folder}$1`);
    await this.write(moved(main));
    if (dropIn !== undefined) await this.#write(this.inside("/etc/containerd/conf.d/99-nvidia.toml"), moved(dropIn));
  }

  read(): Promise<string> {
    return readFile(this.configFile, "utf8");
  }

  removeDropIn(): Promise<void> {
    return rm(this.inside("/etc/containerd/conf.d/99-nvidia.toml"));
  }

  write(config: string): Promise<void> {
    return this.#write(this.configFile, config);
  }

  /** Writes a drop-in; the main file names it by its path in this folder. */
  writeDropIn(name: string, config: string): Promise<void> {
    return this.#write(this.inside(`/etc/containerd/conf.d/${name}`), config);
  }

  /** An empty folder of configuration. */
  clear(): Promise<void> {
    return rm(this.inside("/etc/containerd"), { recursive: true, force: true });
  }

  /** What the daemon reads of it; the toolkit is the package's unless GPU Operator's is meant. */
  async facts(version: string, runtime: string): Promise<ContainerdFacts> {
    const config = await readContainerdConfig(this.host, this.configFile);
    const imported = await readImports(this.host, this.configFile, config);
    const tables = [...(config.kind === "parsed" ? [config.table] : []), ...imported.imports.map(({ table }) => table)];
    const { missing } = await readNvidiaToolkit(this.host, tables);
    return { version, config, ...imported, nvidia: { runtime: this.inside(runtime), missing } };
  }

  /** Starts it on its configuration file, asks, and ends it. @throws Error with containerd's words when it does not load CRI */
  async askStatus(deadlineMs = 20_000): Promise<CriStatus> {
    const socket = this.inside("/containerd.sock");
    const log = this.inside("/log");
    await writeFile(log, "");
    const flags = ["--config", this.configFile, "--address", socket, "--root", this.inside("/root")];
    const command = ["sh", "-c", PRIVATE, "sh", join(this.#bin, "containerd"), ...flags];
    const child = spawn("unshare", ["--mount", ...command, "--state", this.inside("/state")], {
      env: { ...process.env, PATH: `${this.#bin}:${process.env.PATH}` },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.pipe(createWriteStream(log));
    const ended = once(child, "exit");
    try {
      const what = { what: "containerd's CRI to answer", deadlineMs, intervalMs: 50 };
      const answer = await waitFor(what, async () => {
        return CRI_REFUSED.exec(await readFile(log, "utf8"))?.[0] ?? this.#callStatus(socket);
      });
      if (typeof answer === "string") throw new Error(answer);
      return answer;
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #callStatus(socket: string): Promise<CriStatus | undefined> {
    const request = { socket, method: "/runtime.v1.RuntimeService/Status", message: VERBOSE, timeoutSeconds: 5 };
    const answer = await this.host.grpc(request).catch(() => undefined);
    if (answer?.status !== 0) return undefined;
    // StatusResponse{info=2: map<string, string>, runtime_handlers=3: RuntimeHandler{name=1}}.
    const fields = fieldsOf(answer.message);
    const info = new Map(
      (fields.get(2) ?? []).map((entry) => {
        const pair = fieldsOf(asBytes(entry));
        return [asText(pair.get(1)?.[0]), asText(pair.get(2)?.[0])] as const;
      }),
    );
    const handlers = (fields.get(3) ?? []).map((handler) => asText(fieldsOf(asBytes(handler)).get(1)?.[0]));
    return { config: JSON.parse(info.get("config") ?? "{}"), handlers };
  }

  async #write(path: string, content: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
  }
}
