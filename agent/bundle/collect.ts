// What a bug report needs beside what our own commands say: the journal, the configuration as it is, the machine in a few words.
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { DEFAULT_ENVIRONMENT_PATH, LAST_GOOD_CONFIG_PATH } from "../config/load.ts";
import type { LocalConfig } from "../config/machine-config.ts";
import { PATHS, statePaths } from "../config/paths.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Redactor } from "../redact.ts";

/** One file of the bundle. */
export interface Item {
  /** Path within the bundle. */
  readonly path: string;
  /** What is in it, in one line. */
  readonly what: string;
  /** The text; what it throws is what the file says instead. */
  readonly read: () => Promise<string>;
}

export interface CollectOptions {
  readonly host: Host;
  /** What is configured for this machine, or the defaults. */
  readonly local: LocalConfig;
  readonly configFile: string;
  /** Where the journal begins, as journalctl's --since takes it. */
  readonly since: string;
  readonly redactor: Redactor;
}

const COMMAND_TIMEOUT_SECONDS = 20;
const JOURNAL_LINES = 20_000;
/** What the kernel says of GPUs, memory and disks. */
const KERNEL_LINES =
  /NVRM|Xid|nvidia|oom|out of memory|killed process|I\/O error|EXT4-fs|XFS|hung task|segfault|Call Trace/i;
/** Variables that say how a program behaves and not who it is. */
const PLAIN_VARIABLE =
  /^(https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|MALLOC_\w+|LANG|LC_\w+|TZ|PATH)$/i;
/** Their names, modes and sizes tell of a wrong installation; their contents stay. */
const LISTED_FOLDERS = [
  ...["/etc/eks-satellite", "/etc/kubernetes", "/etc/containerd", "/etc/cni/net.d", "/etc/eks", "/opt/cni/bin"],
  ...["/opt/eks-satellite", PATHS.kubeletPki],
];

/** The items that no command of ours gives. */
export function collectItems(options: CollectOptions): readonly Item[] {
  const { host, local, configFile, since, redactor } = options;
  const command = (path: string, what: string, ...[program = "", ...args]: readonly string[]): Item => ({
    path,
    what,
    read: () => runForText(host, program, args),
  });
  const document = (path: string, what: string, file: string, parse: (text: string) => unknown): Item => ({
    path,
    what: `${what}, without comments`,
    read: () => readDocument(host, file, parse, redactor),
  });
  const journal = (path: string, unit: string): Item =>
    command(
      ...([path, `the journal of ${unit}`, "journalctl", `--unit=${unit}`, `--since=${since}`] as const),
      ...["--output=short-iso-precise", "--no-pager", `--lines=${JOURNAL_LINES}`],
    );
  return [
    document("config/config.yaml", "the configuration", configFile, parseConfigDocument),
    document(
      "config/config.last-good.yaml",
      "the configuration last valid",
      LAST_GOOD_CONFIG_PATH,
      parseConfigDocument,
    ),
    { path: "config/environment", what: "the service's variables", read: () => readEnvironment(host) },
    command("config/unit.txt", "the units as systemd has them", "systemctl", "cat", "eks-satellite", "containerd"),
    document("node/kubelet-config.yaml", "kubelet's configuration", PATHS.kubeletConfig, parseYaml),
    document("node/kubeconfig.yaml", "kubelet's kubeconfig", PATHS.kubeconfig, parseYaml),
    document("node/cluster.yaml", "the cluster as last described", statePaths(local.stateFolder).cluster, parseYaml),
    document("node/containerd.yaml", "containerd's configuration", local.containerd.configFile, parseToml),
    document("node/cni.yaml", "the CNI configuration", PATHS.cniConfig, parseYaml),
    command("node/containers.txt", "containers", "ctr", "--namespace=k8s.io", "containers", "list"),
    journal("journal/eks-satellite.txt", "eks-satellite"),
    journal("journal/containerd.txt", "containerd"),
    { path: "journal/kernel.txt", what: "kernel lines of GPUs, memory and disks", read: () => readKernel(host, since) },
    {
      path: "machine/files.txt",
      what: "mode, owner, size and time of the files of a node",
      read: () => listFiles(host, [...LISTED_FOLDERS, local.stateFolder, local.runFolder]),
    },
    command(
      "machine/units.txt",
      "state of the units",
      "systemctl",
      "status",
      "--no-pager",
      "--lines=0",
      "eks-satellite",
      "containerd",
      "docker",
    ),
    command("machine/disks.txt", "room on the disks", "df", "--human-readable", "--print-type"),
    command("machine/inodes.txt", "inodes on the disks", "df", "--inodes"),
    command("machine/memory.txt", "memory", "free", "--mebi"),
    command("machine/time.txt", "clock and its synchronisation", "timedatectl", "show"),
    command("machine/addresses.txt", "addresses", "ip", "-brief", "address"),
    command("machine/routes.txt", "routes", "ip", "route", "show", "table", "all"),
    command("machine/sockets.txt", "who listens", "ss", "--listening", "--numeric", "--tcp", "--processes"),
    command("machine/gpus.txt", "GPUs as nvidia-smi sees them", "nvidia-smi", "--query"),
    ...[
      "/etc/resolv.conf",
      "/etc/hosts",
      "/etc/os-release",
      "/proc/version",
      "/proc/cmdline",
      "/proc/self/mountinfo",
    ].map(
      (file): Item => ({
        path: `machine/${file.split("/").at(-1)}.txt`,
        what: file,
        read: async () => (await host.files.read(file)) ?? "there is no such file",
      }),
    ),
  ];
}

async function runForText(host: Host, program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(program, args, {
    timeoutSeconds: COMMAND_TIMEOUT_SECONDS,
    environment: { LC_ALL: "C", TZ: "UTC" },
  });
  const end = exitCode === 0 ? [] : [`(exit code ${exitCode})`];
  return [stdout, ...(stderr === "" ? [] : [stderr]), ...end].join("\n");
}

/** The document parsed and rendered anew: a secret in a comment stays behind, and a key tells what its value is. */
async function readDocument(
  host: Host,
  file: string,
  parse: (text: string) => unknown,
  redactor: Redactor,
): Promise<string> {
  const text = await host.files.read(file);
  if (text === undefined) return `there is no ${file}`;
  try {
    return stringifyYaml(redactor.tree(parse(text)));
  } catch (error) {
    // As text it might show what only its structure would give away.
    return `${file} is left out, since it cannot be parsed: ${describe(error).message.split("\n")[0]}`;
  }
}

/** A credential_process may have secrets for arguments. */
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
    if (name === undefined) return ""; // A comment may hold a value of yesterday.
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
  const there: string[] = [];
  for (const folder of folders) if ((await host.files.status(folder)) !== undefined) there.push(folder);
  return runForText(host, "find", [...there, "-xdev", "-printf", "%M %u:%g %10s %TY-%Tm-%TdT%TH:%TM %p %l\\n"]);
}
