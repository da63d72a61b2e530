// The sandbox as the end-to-end tests see it: one that is theirs alone, the daemon's own word, and a watcher of the page.
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { mergeTables, type Table } from "../../agent/plan/merge.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { claimSandbox } from "./pool.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";
const SERVICE = "eks-satellite.service";

/** Files that the daemon keeps whole; containerd's configuration is the user's too. */
export const MANAGED_FILES = [
  "/etc/kubernetes/pki/ca.crt",
  "/var/lib/kubelet/kubeconfig",
  "/etc/kubernetes/kubelet/kubelet-config.yaml",
  "/etc/sysctl.d/90-eks-satellite.conf",
  "/etc/modules-load.d/eks-satellite.conf",
  "/etc/cni/net.d/10-host-network.conf",
  "/etc/eks/image-credential-provider/config.json",
];

/** One condition of /status. */
export interface SeenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly hint?: string;
  readonly pending?: { readonly reason: string };
}

/** The parts of /status that the tests read. */
export interface SeenStatus {
  readonly check?: { readonly at: string };
  readonly verdict: { readonly ready: boolean; readonly summary: string };
  readonly conditions: readonly SeenCondition[];
  readonly rootCauses: readonly string[];
  readonly kubelet: { readonly pid?: number; readonly restarts: number; readonly lastExit?: string };
  readonly converge: { readonly rounds: number; readonly changes: number; readonly lastRoundMs: number };
  readonly credentials: { readonly source: string; readonly keysExpireAt?: string; readonly tokenExpiresAt?: string };
}

/** A machine with the daemon, driven from outside. */
export class Satellite {
  readonly sandbox: Sandbox;
  readonly #config: string;

  constructor(sandbox: Sandbox, config: string) {
    this.sandbox = sandbox;
    this.#config = config;
  }

  /** Output of a command in the machine. @throws Error when it fails */
  async box(...command: readonly string[]): Promise<string> {
    return (await this.sandbox.box(command)).stdout.trim();
  }

  async status(): Promise<SeenStatus> {
    return JSON.parse(await this.box("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:9911/status"));
  }

  async condition(type: string): Promise<SeenCondition> {
    const found = (await this.status()).conditions.find((condition) => condition.type === type);
    if (found === undefined) throw new Error(`/status has no condition ${type}`);
    return found;
  }

  /** Waits until a condition has this reason, and returns it. */
  untilReason(type: string, reason: string, deadlineMs = 60_000): Promise<SeenCondition> {
    let last: SeenCondition | undefined;
    const wait = { what: `${type} to say ${reason}`, deadlineMs, intervalMs: 250, explain: () => JSON.stringify(last) };
    return waitFor(wait, async () => {
      last = await this.condition(type);
      return last.reason === reason ? last : undefined;
    });
  }

  /** Waits until the cluster says Ready and no condition is false. */
  async untilHealthy(deadlineMs = 90_000): Promise<void> {
    await this.sandbox.waitForNode(undefined, deadlineMs);
    let causes: unknown;
    const wait = {
      what: "every condition to be true",
      deadlineMs,
      intervalMs: 250,
      explain: () => JSON.stringify(causes),
    };
    await waitFor(wait, async () => {
      const { conditions, verdict } = await this.status();
      causes = conditions.filter(isAmiss);
      return verdict.ready && (causes as unknown[]).length === 0;
    });
  }

  kubeletPid(): Promise<number> {
    return waitFor({ what: "a running kubelet", deadlineMs: 60_000 }, async () => (await this.status()).kubelet.pid);
  }

  /** Main process of a service in the machine. */
  async mainPid(unit: string): Promise<number> {
    return Number(await this.box("systemctl", "show", unit, "--property=MainPID", "--value"));
  }

  systemctl(verb: "start" | "stop" | "restart" | "kill"): Promise<string> {
    return this.box("systemctl", verb, SERVICE);
  }

  write(path: string, content: string, mode = "0644"): Promise<unknown> {
    return this.sandbox.box(["/bin/sh", "-c", `cat > ${path} && chmod ${mode} ${path}`], { input: content });
  }

  read(path: string): Promise<string> {
    return this.box("cat", path);
  }

  /** Lays keys over the configuration that `up` wrote and restarts the daemon on it. */
  async configure(changes: Table): Promise<void> {
    await this.write(CONFIG, stringify(mergeTables(parse(this.#config), changes)));
    await this.systemctl("restart");
  }

  /** The configuration as `up` wrote it, and the daemon restarted on it. */
  async restore(): Promise<void> {
    await this.sandbox.clearAwsFaults();
    await this.configure({});
    await this.untilHealthy(180_000);
  }
}

/** Some looks are taken minutes apart, and Unknown until then. A tunnel's is taken at once, and Unknown until a gateway has answered. */
function isAmiss({ type, status, pending }: SeenCondition): boolean {
  return status === "False" || pending !== undefined || (type === "TunnelUp" && status !== "True");
}

/** Brings a sandbox up, by default one that no other file has, joined and serving its page. @throws Error when it does not join */
export async function bringUp(name?: string): Promise<Satellite> {
  const { sandbox, checks } = await up({ folder: join(cacheFolder(), name ?? (await claimSandbox())) });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0)
    throw new Error(`the sandbox came up without: ${failed.map(({ what, value }) => `${what} (${value})`).join(", ")}`);
  const { stdout } = await sandbox.box(["cat", CONFIG]);
  return new Satellite(sandbox, stdout);
}

/** Fetches the page again and again while something is done, and returns how often it answered and what went wrong. */
export async function watchPage(
  satellite: Satellite,
  work: () => Promise<void>,
): Promise<{ answers: number; failures: readonly string[] }> {
  const url = `http://${satellite.sandbox.addresses.node}:8080/`;
  const failures: string[] = [];
  let answers = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
        if (response.ok && (await response.text()) !== "") answers += 1;
        else failures.push(`${new Date().toISOString()} status ${response.status}`);
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${String(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await watching;
  }
  return { answers, failures };
}
