// What a bug report needs besides the output of our own commands: the journal, the configuration, and facts of the machine.
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { DEFAULT_ENVIRONMENT_PATH, LAST_GOOD_CONFIG_PATH } from "../config/load.ts";
import type { LocalConfig } from "../config/machine-config.ts";
import { PATHS, runPaths, statePaths } from "../config/paths.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Redactor } from "../redact/redactor.ts";

/** One file of the bundle. */
export interface Item {
  /** Path within the bundle. */
  readonly path: string;
  /** Its content in a few words. */
  readonly what: string;
  /** Reads the text. The message of an error stands in its place. */
  readonly read: () => Promise<string>;
}

export interface CollectOptions {
  readonly host: Host;
  /** The configuration of this machine, or the defaults. */
  readonly local: LocalConfig;
  readonly configFile: string;
  /** Start of the journal, in the format of journalctl's --since. */
  readonly since: string;
  /** Leaves out the lines of kubelet and containerd: they may quote the environment and the output of pods. */
  readonly withoutPodLogs?: boolean;
  readonly redactor: Redactor;
}

const COMMAND_TIMEOUT_SECONDS = 20;
const JOURNAL_LINES = 20_000;
/** Lines of the kernel about GPUs, memory and disks. */
const KERNEL_LINES =
  /NVRM|Xid|nvidia|oom|out of memory|killed process|I\/O error|EXT4-fs|XFS|hung task|segfault|Call Trace/i;
/** Variables without secrets: they change how a program behaves. */
const PLAIN_VARIABLE =
  /^(https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|MALLOC_\w+|LANG|LC_\w+|TZ|PATH)$/i;
/** Names, modes and sizes of files show a wrong installation. Their contents are not collected. */
const LISTED_FOLDERS = [
  ...["/etc/eks-satellite", "/etc/kubernetes", "/etc/containerd", "/etc/cni/net.d", "/etc/eks", "/opt/cni/bin"],
  ...["/opt/eks-satellite", PATHS.kubeletPki],
];

/** Lists the items that are not the output of our own commands. */
export function collectItems(options: CollectOptions): readonly Item[] {
  return [...configItems(options), ...nodeItems(options), ...journalItems(options), ...machineItems(options)];
}

function configItems({ host, configFile, redactor }: CollectOptions): readonly Item[] {
  const config = { host, redactor, parse: parseConfigDocument };
  return [
    documentItem("config/config.yaml", "the configuration", { ...config, file: configFile }),
    documentItem("config/config.last-good.yaml", "the last valid configuration", {
      ...config,
      file: LAST_GOOD_CONFIG_PATH,
    }),
    { path: "config/environment", what: "variables of the service", read: () => readEnvironment(host) },
    commandItem(host, "config/unit.txt", "the units in systemd", "systemctl cat eks-satellite containerd"),
  ];
}

function nodeItems({ host, local, redactor }: CollectOptions): readonly Item[] {
  const { cluster } = statePaths(local.stateFolder);
  const { kubeletGoroutines } = runPaths(local.runFolder);
  const yaml = { host, redactor, parse: parseYaml };
  const cni = local.network.cni === "routed" ? PATHS.podConfig : PATHS.cniConfig;
  const toml = { host, redactor, parse: parseToml };
  return [
    documentItem("node/kubelet-config.yaml", "kubelet's configuration", { ...yaml, file: PATHS.kubeletConfig }),
    documentItem("node/kubeconfig.yaml", "kubelet's kubeconfig", { ...yaml, file: PATHS.kubeconfig }),
    documentItem("node/cluster.yaml", "the cluster as last described", { ...yaml, file: cluster }),
    documentItem("node/containerd.yaml", "containerd's configuration", { ...toml, file: local.containerd.configFile }),
    documentItem("node/cni.yaml", "the CNI configuration", { ...yaml, file: cni }),
    {
      path: "node/kubelet-goroutines.txt",
      what: "what kubelet's goroutines did when it last hung",
      read: async () => (await host.files.read(kubeletGoroutines)) ?? "kubelet has not hung since the machine started",
    },
    commandItem(host, "node/containers.txt", "containers", "ctr --namespace=k8s.io containers list"),
  ];
}

function journalItems({ host, since, withoutPodLogs = false }: CollectOptions): readonly Item[] {
  const journal = (unit: string) =>
    runForText(host, "journalctl", [
      ...[`--unit=${unit}`, `--since=${since}`, "--output=short-iso-precise"],
      ...["--no-pager", `--lines=${JOURNAL_LINES}`],
    ]);
  const kernel = {
    path: "journal/kernel.txt",
    what: "kernel lines of GPUs, memory and disks",
    read: () => readKernel(host, since),
  };
  const path = "journal/eks-satellite.txt";
  if (withoutPodLogs) {
    const read = async () => withoutKubelet(await journal("eks-satellite"));
    return [{ path, what: "the journal of eks-satellite, without kubelet's lines", read }, kernel];
  }
  return [
    { path, what: "the journal of eks-satellite", read: () => journal("eks-satellite") },
    { path: "journal/containerd.txt", what: "the journal of containerd", read: () => journal("containerd") },
    kernel,
  ];
}

function withoutKubelet(journal: string): string {
  return journal
    .split("\n")
    .filter((line) => !/(?:^|\]: )kubelet: /.test(line))
    .join("\n");
}

/** Commands whose output is an item of its own. */
const MACHINE_COMMANDS: readonly (readonly [name: string, what: string, command: string])[] = [
  ["units", "state of the units", "systemctl status --no-pager --lines=0 eks-satellite containerd docker"],
  ["disks", "space on the disks", "df --human-readable --print-type"],
  ["inodes", "inodes on the disks", "df --inodes"],
  ["memory", "memory", "free --mebi"],
  ["time", "clock and its synchronization", "timedatectl show"],
  ["addresses", "addresses", "ip -brief address"],
  ["routes", "routes", "ip route show table all"],
  ["wireguard", "WireGuard's interfaces, without private keys", "wg show"],
  ["sockets", "listening sockets", "ss --listening --numeric --tcp --processes"],
  ["gpus", "GPUs in nvidia-smi", "nvidia-smi --query"],
];

const MACHINE_FILES = [
  ...["/etc/resolv.conf", "/etc/hosts", "/etc/os-release"],
  ...["/proc/version", "/proc/cmdline", "/proc/self/mountinfo"],
];

function machineItems({ host, local }: CollectOptions): readonly Item[] {
  const folders = [...LISTED_FOLDERS, local.stateFolder, local.runFolder];
  return [
    {
      path: "machine/files.txt",
      what: "mode, owner, size and time of the files of a node",
      read: () => listFiles(host, folders),
    },
    ...MACHINE_COMMANDS.map(([name, what, command]) => commandItem(host, `machine/${name}.txt`, what, command)),
    ...MACHINE_FILES.map(
      (file): Item => ({
        path: `machine/${file.split("/").at(-1)}.txt`,
        what: file,
        read: async () => (await host.files.read(file)) ?? "there is no such file",
      }),
    ),
  ];
}

/** @param command program and arguments, without blanks in any of them */
function commandItem(host: Host, path: string, what: string, command: string): Item {
  const [program = "", ...args] = command.split(" ");
  return { path, what, read: () => runForText(host, program, args) };
}

interface DocumentSource {
  readonly host: Host;
  readonly file: string;
  readonly parse: (text: string) => unknown;
  readonly redactor: Redactor;
}

function documentItem(path: string, what: string, source: DocumentSource): Item {
  return { path, what: `${what}, without comments`, read: () => readDocument(source) };
}

async function runForText(host: Host, program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(program, args, {
    timeoutSeconds: COMMAND_TIMEOUT_SECONDS,
    environment: { LC_ALL: "C", TZ: "UTC" },
  });
  const end = exitCode === 0 ? [] : [`(exit code ${exitCode})`];
  return [stdout, ...(stderr === "" ? [] : [stderr]), ...end].join("\n");
}

/** Parses a document and renders it again: comments, which may hold secrets, are lost, and keys show which values are secrets. */
async function readDocument({ host, file, parse, redactor }: DocumentSource): Promise<string> {
  const text = await host.files.read(file);
  if (text === undefined) return `there is no ${file}`;
  try {
    return stringifyYaml(redactor.tree(parse(text)));
  } catch (error) {
    // As plain text it might show a secret that only its structure reveals.
    return `${file} is left out, since it cannot be parsed: ${describe(error).message.split("\n")[0]}`;
  }
}

/** Removes the arguments of a credential_process, which may be secrets. */
function parseConfigDocument(text: string): unknown {
  const document = parseYaml(text) as { credentials?: { process?: unknown } } | null;
  const program = document?.credentials?.process;
  if (!Array.isArray(program)) return document;
  return {
    ...document,
    credentials: { ...document?.credentials, process: [program[0], `${program.length - 1} arguments, left out`] },
  };
}

async function readEnvironment(host: Host): Promise<string> {
  const text = await host.files.read(DEFAULT_ENVIRONMENT_PATH);
  if (text === undefined) return `there is no ${DEFAULT_ENVIRONMENT_PATH}`;
  const lines = text.split("\n").map((line) => {
    const name = /^\s*([\w.-]+)\s*=/.exec(line)?.[1];
    if (name === undefined) return ""; // A comment may hold an old secret.
    return PLAIN_VARIABLE.test(name) ? line : `${name}=(left out)`;
  });
  return lines.filter((line) => line !== "").join("\n");
}

async function readKernel(host: Host, since: string): Promise<string> {
  const args = ["--dmesg", `--since=${since}`, "--output=short-iso-precise", "--no-pager"];
  const lines = (await runForText(host, "journalctl", args)).split("\n");
  return lines
    .filter((line) => KERNEL_LINES.test(line))
    .slice(-JOURNAL_LINES)
    .join("\n");
}

async function listFiles(host: Host, folders: readonly string[]): Promise<string> {
  const present: string[] = [];
  for (const folder of folders) if ((await host.files.status(folder)) !== undefined) present.push(folder);
  return runForText(host, "find", [...present, "-xdev", "-printf", "%M %u:%g %10s %TY-%Tm-%TdT%TH:%TM %p %l\\n"]);
}
