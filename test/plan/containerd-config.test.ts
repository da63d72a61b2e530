import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import { parseToml, readContainerdConfig } from "../../agent/facts/containerd.ts";
import { type ContainerdOptions, renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { containerdFile, DOCKER_CONTAINERD_CONFIG } from "../fakes/samples.ts";

const OPTIONS: ContainerdOptions = {
  systemdCgroup: true,
  sandboxImage: undefined,
  config: {},
  gpu: gpuSchema.parse({}),
  registries: {},
};
const V2 = "io.containerd.grpc.v1.cri";

type Tree = { readonly [key: string]: Tree };

const render = (text: string | undefined, version = "1.7.27", options: Partial<ContainerdOptions> = {}) =>
  renderContainerdConfig(
    { version, config: text === undefined ? { kind: "absent" } : containerdFile(text) },
    { ...OPTIONS, ...options },
  );
const tree = (text: string): Tree => parseToml(text) as unknown as Tree;

test("Docker's file gets CRI back, and nothing else of it is lost", () => {
  const rendered = tree(render(`root = "/data/containerd"\n${DOCKER_CONTAINERD_CONFIG}`));
  assert.deepEqual(rendered.disabled_plugins, []);
  assert.equal(rendered.root, "/data/containerd");
  assert.equal(rendered.version, 2n);
  assert.equal(rendered.plugins?.[V2]?.containerd?.runtimes?.runc?.options?.SystemdCgroup, true);
});

test("CRI is enabled under each of its names, and other disabled plugins stay disabled", () => {
  const rendered = tree(render(`version = 2\ndisabled_plugins = ["${V2}", "io.containerd.snapshotter.v1.zfs"]\n`));
  assert.deepEqual(rendered.disabled_plugins, ["io.containerd.snapshotter.v1.zfs"]);
  const newest = tree(
    render(
      'version = 3\ndisabled_plugins = ["io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]\n',
      "2.2.0",
    ),
  );
  assert.deepEqual(newest.disabled_plugins, []);
});

test("version 1's bare names of disabled snapshotters become the full ones of version 2", () => {
  const rendered = tree(render('disabled_plugins = ["cri", "aufs", "btrfs", "zfs"]\n'));
  assert.deepEqual(rendered.disabled_plugins, [
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.zfs",
  ]);
});

test("version 1's table of the CRI plugin is kept under its later name", () => {
  const rendered = tree(
    render('[plugins.cri]\nsandbox_image = "mine/pause:1"\n[plugins.cri.registry]\nconfig_path = "/c"\n'),
  );
  assert.equal(rendered.plugins?.[V2]?.sandbox_image, "mine/pause:1");
  assert.equal(rendered.plugins?.[V2]?.registry?.config_path, "/c");
  assert.equal(rendered.plugins?.cri, undefined);
});

test("version 1 with other plugins' old names is refused rather than guessed at", () => {
  assert.throws(() => render("[plugins.linux]\nshim = 'x'\n[plugins.cri]\n"), {
    code: "containerd-config-legacy",
    message: /linux$/,
    hint: /containerd config migrate/,
  });
});

test("containerd 2 gets version 3 where nothing says otherwise, and keeps a version 2 that is there", () => {
  assert.equal(tree(render(undefined, "2.2.0")).version, 3n);
  assert.equal(tree(render(DOCKER_CONTAINERD_CONFIG, "2.1.4")).version, 3n);
  assert.equal(tree(render("version = 2\n", "2.2.0")).version, 2n);
  assert.equal(tree(render('[plugins.cri]\nsandbox_image = "a"\n', "2.2.0")).version, 2n);
  assert.equal(tree(render(undefined, "1.6.20")).version, 2n);
});

test("in version 3 images and runtime have plugins of their own", () => {
  const rendered = tree(
    render('version = 3\n[plugins."io.containerd.cri.v1.images".pinned_images]\nother = "a"\n', "2.2.0"),
  );
  assert.deepEqual(Object.keys(rendered.plugins ?? {}).toSorted(), [
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
  ]);
  const pinned = rendered.plugins?.["io.containerd.cri.v1.images"]?.pinned_images;
  assert.deepEqual({ ...pinned }, { other: "a", sandbox: "registry.k8s.io/pause:3.10" });
});

test("NVIDIA's runtime, its binary and its place as default are kept; it gets kubelet's cgroup driver", () => {
  const text = `version = 2
[plugins."${V2}".containerd]
default_runtime_name = "nvidia"
[plugins."${V2}".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = false
[plugins."${V2}".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"
SystemdCgroup = false
[plugins."${V2}".containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
`;
  const containerd = tree(render(text)).plugins?.[V2]?.containerd;
  assert.equal(containerd?.default_runtime_name, "nvidia");
  assert.deepEqual(
    { ...containerd?.runtimes?.nvidia?.options },
    {
      BinaryName: "/usr/bin/nvidia-container-runtime",
      SystemdCgroup: true,
    },
  );
  assert.equal(containerd?.runtimes?.kata?.options, undefined, "kata is not started through runc");
  assert.equal(containerd?.runtimes?.runc?.options?.SystemdCgroup, true);
});

test("the cgroup driver follows kubelet's where systemd is not in charge", () => {
  const rendered = tree(render(undefined, "1.7.27", { systemdCgroup: false }));
  assert.equal(rendered.plugins?.[V2]?.containerd?.runtimes?.runc?.options?.SystemdCgroup, false);
});

test("the sandbox image is the configured one, else the one that is there, else the default", () => {
  const there = `version = 2\n[plugins."${V2}"]\nsandbox_image = "mirror/pause:3.9"\n`;
  const image = (text: string | undefined, sandboxImage?: string) =>
    tree(render(text, "1.7.27", { sandboxImage })).plugins?.[V2]?.sandbox_image;
  assert.equal(image(there, "own/pause:1"), "own/pause:1");
  assert.equal(image(there), "mirror/pause:3.9");
  assert.equal(image(undefined), "registry.k8s.io/pause:3.10");
});

test("the user's folders of CNI plugins and configurations stay", () => {
  const there = `version = 2\n[plugins."${V2}".cni]\nbin_dir = "/srv/cni"\n`;
  const { cni } = tree(render(there)).plugins?.[V2] ?? {};
  assert.deepEqual({ ...cni }, { bin_dir: "/srv/cni", conf_dir: "/etc/cni/net.d" });
});

test("mirrors, imports and everything else of the user's survive the merge", () => {
  const text = `version = 2
imports = ["/etc/containerd/conf.d/*.toml"]
oom_score = -999
[grpc]
max_recv_message_size = 16777216
[plugins."${V2}".registry.mirrors."docker.io"]
endpoint = ["https://mirror.example.com"]
[plugins."io.containerd.internal.v1.opt"]
path = "/opt/containerd"
[timeouts]
"io.containerd.timeout.bolt.open" = "0s"
[[proxy.list]]
since = 2024-05-06T07:08:09Z
share = 1.0
count = 9007199254740993
`;
  const before = tree(text);
  const after = tree(render(text));
  for (const key of ["imports", "oom_score", "grpc", "timeouts", "proxy"])
    assert.deepEqual(after[key], before[key], key);
  assert.deepEqual(after.plugins?.[V2]?.registry, before.plugins?.[V2]?.registry);
  assert.deepEqual(after.plugins?.["io.containerd.internal.v1.opt"], before.plugins?.["io.containerd.internal.v1.opt"]);
});

test("whole numbers stay whole, fractions stay fractions, and large ones exact", () => {
  const rendered = render("version = 2\na = 1.0\nb = 1\nc = 9007199254740993\nd = 0.25\n");
  for (const line of ["a = 1.0", "b = 1", "c = 9007199254740993", "d = 0.25"])
    assert.ok(rendered.split("\n").includes(line), line);
});

test("the configuration's own tables are laid over everything, with YAML's whole numbers as TOML's", () => {
  const config = { oom_score: -999, plugins: { [V2]: { sandbox_image: "over/pause:1", stats: [1, 2.5] } } };
  const rendered = render("version = 2\noom_score = 0\n[grpc]\nuid = 0\n", "1.7.27", { config });
  assert.ok(rendered.includes("oom_score = -999\n"));
  assert.ok(rendered.includes('sandbox_image = "over/pause:1"'));
  assert.ok(rendered.includes("stats = [ 1, 2.5 ]"));
  assert.ok(rendered.includes("uid = 0"));
});

const WRITTEN_BY_OTHERS = [
  undefined,
  "",
  DOCKER_CONTAINERD_CONFIG,
  'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n',
  `version = 2\n[plugins."${V2}".containerd.runtimes.nvidia]\nruntime_type = "io.containerd.runc.v2"\n`,
  'version = 3\n[plugins."io.containerd.cri.v1.runtime".cni]\nbin_dirs = ["/usr/lib/cni"]\n',
];

test("rendering over its own output gives the same text, whatever was there first", () => {
  for (const version of ["1.6.20", "1.7.27", "2.2.0"]) {
    for (const text of WRITTEN_BY_OTHERS) {
      const once = render(text, version, { config: { oom_score: -5 } });
      assert.equal(render(once, version, { config: { oom_score: -5 } }), once);
    }
  }
});

test("a file that says everything already is left alone to the last comment and space", () => {
  const text = `# written by hand
version   =   2   # keep
disabled_plugins = []
[plugins."${V2}"]
  sandbox_image = 'registry.k8s.io/pause:3.10'
  [plugins."${V2}".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."${V2}".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."${V2}".containerd.runtimes.runc.options]
      SystemdCgroup = true
`;
  assert.equal(render(text), text);
});

test("a text that is not TOML is refused and never rendered over", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/containerd/config.toml", "version = = 2\n");
  const config = await readContainerdConfig(host, "/etc/containerd/config.toml");
  assert.throws(() => renderContainerdConfig({ version: "1.7.27", config }, OPTIONS), {
    code: "containerd-config-unparsable",
    message: /config\.toml:1 is not TOML; it is left as it is/,
  });
});

test("the first line says to a person who opens the file where to change it", () => {
  assert.match(render(undefined), /^# Kept by eks-satellite: .*\/etc\/eks-satellite\/config\.yaml/);
});
