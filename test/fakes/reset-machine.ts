import { resetCommand } from "../../agent/commands/reset.ts";
import type { GrpcResponse } from "../../agent/host/grpc.ts";
import { MemoryContainerd } from "./memory-containerd.ts";
import { KEYS_FILE, MINIMAL_CONFIG } from "./samples.ts";

export const CONFIG = "/etc/eks-satellite/config.yaml";
export const STATE = "/var/lib/eks-satellite";
export const CONTAINERD_CONFIG = "/etc/containerd/config.toml";

export const entry = (id: string, original: object) =>
  JSON.stringify({ id, original, firstChangedAtMs: 1, lastChangedAtMs: 1, changes: 1 });

/** A machine that has been a node, and runs nothing else. */
export function setUpReset() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  const { files } = host;
  containerd.start();
  files.put(CONFIG, MINIMAL_CONFIG);
  files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
  files.put(CONTAINERD_CONFIG, "ours");
  files.put("/etc/kubernetes/pki/ca.crt", "ours");
  files.put("/proc/sys/vm/overcommit_memory", "1\n");
  files.put("/var/lib/kubelet/pods/a/x", "");
  files.put("/var/lib/kubelet/mine.txt", "the user's");
  files.put("/run/eks-satellite/kubelet-token", "token");
  for (const [name, text] of Object.entries({
    a: entry(`file:${CONTAINERD_CONFIG}`, { kind: "file", content: "theirs", mode: 0o640, uid: 0, gid: 5 }),
    b: entry("file:/etc/kubernetes/pki/ca.crt", { kind: "absent" }),
    c: entry("sysctl:vm.overcommit_memory", { kind: "value", value: "0" }),
    d: entry("kernel-module:overlay", { kind: "absent" }),
    e: entry("file:/etc/lost", { kind: "unknown" }),
  }))
    files.put(`${STATE}/ledger/${name}.json`, text);
  const runtime = { answer: (): GrpcResponse => ({ status: 0, statusMessage: "", message: new Uint8Array() }) };
  host.onGrpc = () => runtime.answer();
  let isActive = true;
  const verbs: string[] = [];
  host.install("systemctl", ([verb = "", ...rest]) => {
    verbs.push([verb, ...rest].join(" "));
    if (verb === "disable") isActive = false;
    return { stdout: verb === "is-active" ? (isActive ? "active" : "inactive") : "" };
  });
  const said: string[] = [];
  const run = (
    options: { yes?: boolean; dryRun?: boolean; purge?: boolean; output?: "text" | "json" } = {},
    confirm?: () => Promise<boolean>,
  ) =>
    resetCommand(
      { host, confirm, isWithinDpkg: false },
      { config: CONFIG, yes: true, dryRun: false, purge: false, drainSeconds: 10, output: "text", ...options },
      (text) => void said.push(text),
    );
  return { host, files, runtime, run, verbs, said: () => said.join("") };
}
