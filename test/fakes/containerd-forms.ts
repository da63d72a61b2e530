// Forms of containerd's configuration that are met in the wild, one a kind, and a generator of more.
import fc from "fast-check";

const CRI = 'plugins."io.containerd.grpc.v1.cri"';
const NVIDIA = "/usr/bin/nvidia-container-runtime";
const RUNC_TYPE = 'runtime_type = "io.containerd.runc.v2"';
const LINUX_TYPE = 'runtime_type = "io.containerd.runtime.v1.linux"';

export const CONTAINERD_FORMS = {
  "lower-case-driver": `version = 2
[${CRI}.containerd.runtimes.runc]
  ${RUNC_TYPE}
  [${CRI}.containerd.runtimes.runc.options]
    systemdCgroup = false
`,
  debian: `version = 2
[plugins]
  [${CRI}]
    [${CRI}.cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`,
  "nvidia-default-runtime": `disabled_plugins = ["cri"]
[plugins.cri.containerd.default_runtime]
  ${RUNC_TYPE}
  options = { BinaryName = "${NVIDIA}", Runtime = "${NVIDIA}" }
[plugins.cri.containerd.runtimes.nvidia]
  ${RUNC_TYPE}
  options = { BinaryName = "${NVIDIA}", Runtime = "${NVIDIA}" }
`,
  "own-default-runtime": `version = 2
[${CRI}.containerd.default_runtime]
  ${RUNC_TYPE}
  options = { BinaryName = "/usr/bin/other-runtime" }
[${CRI}.containerd.runtimes.runc]
  ${RUNC_TYPE}
  options = { SystemdCgroup = true }
`,
  untrusted: `version = 2
[${CRI}.containerd.untrusted_workload_runtime]
  ${RUNC_TYPE}
[${CRI}.containerd.runtimes.runc]
  ${RUNC_TYPE}
`,
  "linux-engine": `version = 2
[${CRI}.containerd]
  default_runtime_name = "nvidia"
  [${CRI}.containerd.runtimes.nvidia]
    ${LINUX_TYPE}
    runtime_engine = "${NVIDIA}"
`,
  "linux-root": `version = 2
[${CRI}.containerd.runtimes.runc]
  ${LINUX_TYPE}
  runtime_root = "/run/other-runc"
`,
  "linux-systemd-cgroup": `version = 2
[${CRI}]
  systemd_cgroup = true
  [${CRI}.containerd]
    no_pivot = true
    [${CRI}.containerd.runtimes.runc]
      ${LINUX_TYPE}
`,
  "old-mirrors": `version = 2
[${CRI}.registry.mirrors."docker.io"]
  endpoint = ["https://mirror.example.com"]
[${CRI}.registry.configs."mirror.example.com".tls]
  insecure_skip_verify = true
[${CRI}.registry.auths."https://mirror.example.com"]
  username = "a"
  password = "b"
`,
  "required-cri": 'required_plugins = ["cri"]\ndisabled_plugins = ["aufs", "restart"]\n',
} as const;

export type ContainerdForm = keyof typeof CONTAINERD_FORMS;

/** A name in its own case mostly, and sometimes in one that containerd takes for the same. */
const spelled = (name: string) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(name) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(name.toUpperCase(), name.toLowerCase(), name[0]?.toLowerCase() + name.slice(1)),
    },
  );

const runtime = fc
  .record({
    type: fc.constantFrom("io.containerd.runc.v2", "io.containerd.runc.v1", "io.containerd.runtime.v1.linux"),
    typeKey: spelled("runtime_type"),
    optionsKey: spelled("options"),
    old: fc.subarray(['runtime_engine = "/usr/bin/engine"', 'runtime_root = "/run/engine"', 'runtime_engine = ""']),
    flags: fc.subarray(["privileged_without_host_devices = true", 'pod_annotations = ["a.example.com/*"]']),
    options: fc.subarray(["NoNewKeyring = false", "IoUid = 7", 'BinaryName = "runc"']),
    driver: fc.option(fc.tuple(spelled("SystemdCgroup"), fc.boolean())),
  })
  .map(({ type, typeKey, optionsKey, old, flags, options, driver }) => {
    // Only the oldest type may have these, or CRI is not loaded before either.
    const kept = type === "io.containerd.runtime.v1.linux" ? old.slice(0, 2).filter(isFirstOfItsKey) : [];
    const inside = [...options, ...(driver === null ? [] : [`${driver[0]} = ${driver[1]}`])].join(", ");
    return [`${typeKey} = "${type}"`, ...kept, ...flags, ...(inside === "" ? [] : [`${optionsKey} = { ${inside} }`])];
  });

function isFirstOfItsKey(line: string, index: number, lines: readonly string[]): boolean {
  return lines.findIndex((other) => other.split(" ")[0] === line.split(" ")[0]) === index;
}

const table = (path: string, lines: readonly string[]) => `[${path}]\n${lines.map((line) => `  ${line}\n`).join("")}`;

const configuration = fc.record({
  version: fc.constantFrom(1, 2, 2),
  names: fc.record({ plugins: spelled("plugins"), containerd: spelled("containerd"), runtimes: spelled("runtimes") }),
  runc: runtime,
  others: fc.dictionary(fc.constantFrom("nvidia", "crun", "Other"), runtime, { maxKeys: 2 }),
  ofDefault: fc.option(runtime),
  untrusted: fc.option(runtime),
  containerd: fc.subarray(['default_runtime_name = "runc"', "no_pivot = true", 'snapshotter = "native"']),
  cni: fc.subarray(['bin_dir = "/usr/lib/cni"', 'bin_dir = "/srv/cni"', "max_conf_num = 1"]),
  cri: fc.subarray(['sandbox_image = "own/pause:1"', "stats_collect_period = 7", "systemd_cgroup = true"]),
  registry: fc.constantFrom(
    [],
    ['config_path = "/own"'],
    ['mirrors = { "docker.io" = { endpoint = ["https://m.example.com"] } }'],
  ),
  root: fc.subarray(["oom_score = -5", "disabled_plugins = []"]),
});

/** A configuration, mostly one with which containerd 1 loads CRI. */
export const containerdConfig = configuration.map(({ version, names, root, ...tables }) => {
  const at = `${names.plugins}.${version === 1 ? "cri" : '"io.containerd.grpc.v1.cri"'}`;
  const containerd = `${at}.${names.containerd}`;
  const optional = (name: string, lines: readonly string[] | null) => (lines === null ? "" : table(name, lines));
  return [
    ...[version === 1 ? "" : `version = ${version}\n`, ...root.map((line) => `${line}\n`)],
    table(at, tables.cri),
    table(containerd, tables.containerd),
    table(`${containerd}.${names.runtimes}.runc`, tables.runc),
    ...Object.entries(tables.others).map(([name, lines]) => table(`${containerd}.${names.runtimes}.${name}`, lines)),
    optional(`${containerd}.default_runtime`, tables.ofDefault),
    optional(`${containerd}.untrusted_workload_runtime`, tables.untrusted),
    table(`${at}.cni`, tables.cni.filter(isFirstOfItsKey)),
    table(`${at}.registry`, tables.registry),
  ].join("");
});
