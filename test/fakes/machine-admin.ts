// Everything that `machine launch` and `machine terminate` work on, in memory: an account, a cluster with Nodes, a Lambda, and a user.
import { Command } from "commander";
import { launchCommand } from "../../agent/commands/machine/launch.ts";
import { addLaunchOptions, type LaunchOptions } from "../../agent/commands/machine/launch-options.ts";
import { terminateCommand } from "../../agent/commands/machine/terminate.ts";
import { addTerminateOptions, type TerminateOptions } from "../../agent/commands/machine/terminate-options.ts";
import { Secret } from "../../agent/secret.ts";
import { setUpAdmin } from "./memory-admin.ts";
import { apiError } from "./memory-kubernetes.ts";
import { MemoryLambda } from "./memory-lambda.ts";
import { KEYS_FILE } from "./samples.ts";

const SUMS = ["amd64", "arm64"].map((name) => `${"a".repeat(64)}  eks-satellite-1.2.3-linux-${name}.tar.gz\n`).join("");
const CLUSTER = ["--cluster", "demo", "--region", "us-west-2"];
const LAUNCH = [
  ...["--type", "gpu_1x_a10", "--cloud-region", "any", "--create-role"],
  ...["--eks-satellite-version", "1.2.3", "--allow-unsigned"],
];
export const OWN_ADDRESS = "203.0.113.7";

/** Nodes as the API server has them: which are Ready, and their pods. */
export class MemoryNodes {
  readonly nodes = new Map<string, { isReady: boolean; pods: string[]; isCordoned: boolean }>();
  isDenied = false;
  /** A budget lets no pod go. */
  keep = false;

  put(name: string, isReady: boolean, pods: readonly string[] = []): void {
    this.nodes.set(name, { isReady, pods: [...pods], isCordoned: false });
  }

  readonly answer = (method: string, path: string): string => {
    if (this.isDenied) throw apiError(403, "nodes is forbidden");
    const { pathname, searchParams } = new URL(path, "https://abc");
    const [, selected = ""] = /=(.*)$/.exec(searchParams.get("fieldSelector") ?? "") ?? [];
    if (method === "GET" && pathname === "/api/v1/nodes") return JSON.stringify({ items: this.#list(selected) });
    if (method === "GET") {
      const items = (this.nodes.get(selected)?.pods ?? []).map((name) => ({
        metadata: { name, namespace: "default" },
      }));
      return JSON.stringify({ items });
    }
    const name = pathname.split("/").at(-1) ?? "";
    if (method === "DELETE") this.nodes.delete(name);
    if (method === "PATCH") Object.assign(this.nodes.get(name) ?? {}, { isCordoned: true });
    if (method === "POST" && !this.keep)
      for (const node of this.nodes.values()) node.pods = node.pods.filter((pod) => !path.includes(`/${pod}/`));
    return "{}";
  };

  #list(name: string): readonly object[] {
    const node = this.nodes.get(name);
    if (node === undefined) return [];
    const conditions = [
      {
        type: "Ready",
        status: node.isReady ? "True" : "False",
        reason: node.isReady ? "KubeletReady" : "KubeletNotReady",
      },
    ];
    const status = { conditions, nodeInfo: { kubeletVersion: "v1.34.4" }, allocatable: { "nvidia.com/gpu": "1" } };
    return [{ metadata: { name }, status }];
  }
}

/** @param withKeys whether launches name a file of keys */
export function setUpMachines({ withKeys = true } = {}) {
  const admin = setUpAdmin();
  const { host, kubernetes, aws } = admin;
  const lambda = new MemoryLambda(host.clock);
  const nodes = new MemoryNodes();
  kubernetes.answer = nodes.answer;
  host.files.put("/keys", KEYS_FILE);
  const answerKubernetes = host.onFetch;
  host.onFetch = (request) => {
    if (request.url.includes("checkip.amazonaws.com")) return { status: 200, body: `${OWN_ADDRESS}\n` };
    return request.url.endsWith("SHA256SUMS") ? { status: 200, body: SUMS } : answerKubernetes(request);
  };
  // The keys of the machine are a user's; the administrator's own are another.
  const callerOf = aws.getCallerIdentity.bind(aws);
  aws.getCallerIdentity = async (keys) =>
    keys.accessKeyId === "AKIAADMIN" ? callerOf(keys) : "arn:aws:iam::111122223333:user/gpu-machines";
  const stop = new AbortController();
  const user: { confirm: ((question: string) => Promise<boolean>) | undefined; saysYes: boolean } = {
    confirm: undefined,
    saysYes: true,
  };
  const yes = () => (user.saysYes ? ["--yes"] : []);
  const [printed, noted]: [string[], string[]] = [[], []];
  const context = () => ({
    ...{ host, environment: {}, isTerminal: () => true, readInput: async () => KEYS_FILE },
    print: (text: string) => void printed.push(text),
    printError: (text: string) => void noted.push(text),
    readKeys: async () => ({ accessKeyId: "AKIAADMIN", secretAccessKey: new Secret("admin-secret") }),
    confirm: user.confirm,
    stopSignal: stop.signal,
    openAdmin: admin.context.openAdmin,
    openLambda: async () => lambda,
  });
  const launch = (...args: readonly string[]) => {
    const command = addLaunchOptions(new Command("launch").exitOverride());
    const options = command
      .parse([...CLUSTER, ...LAUNCH, ...(withKeys ? ["--credentials-file", "/keys"] : []), ...yes(), ...args], {
        from: "user",
      })
      .opts<LaunchOptions>();
    return launchCommand(context(), "gpu-1", options);
  };
  const terminate = (names: readonly string[], ...args: readonly string[]) => {
    const command = addTerminateOptions(new Command("terminate").exitOverride());
    const options = command.parse([...yes(), ...args], { from: "user" }).opts<TerminateOptions>();
    return terminateCommand(context(), names, options);
  };
  /** Moves time until the command has ended. */
  const finish = async <T>(running: Promise<T>, seconds = 4000): Promise<T> => {
    const over = { is: false };
    const watched = running.finally(() => {
      over.is = true;
    });
    watched.catch(() => undefined);
    for (let passed = 0; passed < seconds && !over.is; passed += 5) await host.clock.advance(5000);
    return watched;
  };
  return {
    ...{ admin, host, aws, lambda, nodes, kubernetes, launch, terminate, finish, stop, user },
    adminAws: admin.adminAws,
    printed: () => printed.join(""),
    noted: () => noted.join(""),
  };
}
