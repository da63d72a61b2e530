// containerd with its unit, as far as the agent sees it: systemctl, journalctl, `config dump`, and CRI on its socket.
import { MemoryHost } from "./memory-host.ts";
import type { MemoryProcess } from "./memory-processes.ts";
import { encodeRuntimeStatus } from "./runtime-status.ts";

const SOCKET = "/run/containerd/containerd.sock";
const CONFIG = "/etc/containerd/config.toml";

/** A machine with kubelet, containerd and what they need installed and containerd running. */
export class MemoryContainerd {
  readonly host: MemoryHost;
  /** The configuration that the running process has read. */
  runningConfig: string | undefined;
  /** Verbs of systemctl that were used on it. */
  readonly restarts: string[] = [];
  /** Why `config dump` refuses a text; undefined when it does not. */
  rejects: (config: string) => string | undefined = () => undefined;
  /** Whether a process that was started on this text dies. */
  diesOn: (config: string) => boolean = () => false;
  /** Whether the process runs and answers nothing. */
  hangs = false;
  /** systemd's word on the unit, beside its process. */
  unit = { ActiveState: "active", Job: "" };
  conditions = [
    { type: "RuntimeReady", isTrue: true, reason: "", message: "" },
    { type: "NetworkReady", isTrue: true, reason: "", message: "" },
  ];
  #process: MemoryProcess | undefined;

  constructor(host: MemoryHost = new MemoryHost()) {
    this.host = host;
    host.files.put("/usr/bin/containerd", "", { mode: 0o755 });
    host.files.put("/usr/bin/kubelet", "", { mode: 0o755 });
    host.files.put("/opt/cni/bin/loopback", "", { mode: 0o755 });
    host.files.put("/etc/eks/image-credential-provider/ecr-credential-provider", "", { mode: 0o755 });
    for (const name of ["runc", "iptables", "conntrack", "socat"])
      host.files.put(`/usr/sbin/${name}`, "", { mode: 0o755 });
    host.install("/usr/bin/containerd", () => ({ stdout: "containerd containerd.io v1.7.27 05044ec" }));
    host.install("/usr/bin/kubelet", () => ({ stdout: "Kubernetes v1.34.4\n" }));
    host.install("containerd", (args) => this.#dump(args));
    host.install("systemctl", (args) => this.#control(args));
    host.install("journalctl", () => ({ stdout: "containerd: invalid plugin config" }));
    host.install("modprobe", ([name]) => {
      host.files.putFolder(`/sys/module/${name}`);
      return {};
    });
    host.onGrpc = ({ socket, method }) => {
      if (this.#process === undefined || socket !== SOCKET) throw new Error("connect ENOENT");
      if (this.hangs) throw new Error("no answer within 5 s");
      if (method !== "/runtime.v1.RuntimeService/Status") throw new Error(`unexpected method ${method}`);
      return { status: 0, statusMessage: "", message: encodeRuntimeStatus(this.conditions) };
    };
    for (const [key, value] of Object.entries(UBUNTU_SYSCTLS)) host.files.put(`/proc/sys/${key}`, `${value}\n`);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the process on what its configuration file says now. */
  start(): void {
    const text = this.host.files.peek(CONFIG)?.content ?? "";
    if (this.diesOn(text)) return;
    this.runningConfig = text;
    this.#process = this.host.processes.start({ name: "containerd", unit: "containerd.service" });
  }

  stop(): void {
    this.#process?.exit(0);
    this.#process = undefined;
    this.runningConfig = undefined;
  }

  #control([verb = "", unit, ...options]: readonly string[]) {
    const pid = this.#process?.pid ?? 0;
    if (verb === "show" && options.includes("--value")) return { stdout: `${pid}\n` };
    if (verb === "show")
      return { stdout: `MainPID=${pid}\nActiveState=${this.unit.ActiveState}\nJob=${this.unit.Job}\n` };
    this.restarts.push(`${verb} ${unit}`);
    this.stop();
    this.start();
    if (this.#process === undefined) return { exitCode: 1, stderr: `Job for ${unit} failed` };
    return {};
  }

  #dump(args: readonly string[]) {
    const config = this.host.files.peek(args[args.indexOf("--config") + 1] ?? "")?.content ?? "";
    const reason = this.rejects(config);
    return reason === undefined ? { stdout: config } : { exitCode: 1, stderr: reason };
  }
}

/** What a fresh Ubuntu 22.04 has. */
const UBUNTU_SYSCTLS = {
  "kernel/keys/root_maxbytes": "25000000",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/panic": "0",
  "kernel/panic_on_oops": "0",
  "net/ipv4/ip_forward": "0",
  "vm/overcommit_memory": "0",
  "vm/panic_on_oom": "0",
};
