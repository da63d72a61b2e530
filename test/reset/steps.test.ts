import assert from "node:assert/strict";
import { test } from "node:test";
import { localDefaults } from "../../agent/config/machine-config.ts";
import { createSteps } from "../../agent/reset/steps.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const STATE = "/var/lib/eks-satellite";

function setUp(isPurge = false) {
  const host = new MemoryHost();
  const { files } = host;
  files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
  host.install("systemctl", () => ({}));
  host.install("realpath", (args) => ({ stdout: args.at(-1) ?? "" }));
  for (const program of ["rm", "rmdir"])
    host.install(program, (args) => {
      files.drop(args.at(-1) ?? "");
      return {};
    });
  const shared = { host, log: createMemoryLog().log, config: localDefaults(), access: undefined, drainSeconds: 0 };
  const steps = createSteps({ ...shared, isPurge, isWithinDpkg: false });
  const find = (name: RegExp) => {
    const step = steps.find((each) => name.test(each.name));
    assert.ok(step !== undefined, String(name));
    return step;
  };
  return { host, files, steps, find };
}

test("kubelet is stopped before its pods, mounts and files are removed, and the ledger goes last", () => {
  assert.deepEqual(
    setUp().steps.map(({ name }) => name),
    [
      "evict this node's pods",
      "stop the daemon and kubelet",
      "delete the Node",
      "end and remove the pods' containers",
      "confirm the end of evicted pods",
      "unmount what is below kubelet's folder",
      "remove what pods with addresses have left",
      "remove the tunnel to the cluster's network",
      "remove the address of the cache for names",
      "remove the rules of kubelet and kube-proxy from the packet filter",
      "restore what was there before",
      "remove the packages that were installed for the node",
      "remove what kubelet has written",
      "remove the folders that are empty now",
      "remove what eks-satellite has written",
    ],
  );
});

test("of kubelet's folder only what kubelet makes is removed", async () => {
  const { files, find } = setUp();
  for (const name of ["pods/a/x", "pki/key.pem", "mine.txt"]) files.put(`/var/lib/kubelet/${name}`, "");
  files.put("/var/log/pods/a/0.log", "");
  const step = find(/kubelet has written/);
  assert.deepEqual(await step.list(), [
    "remove /var/lib/kubelet/pki",
    "remove /var/lib/kubelet/pods",
    "remove /var/log/pods",
  ]);
  assert.deepEqual(await step.run(), []);
  assert.deepEqual(
    files.paths().filter((path) => path.startsWith("/var/")),
    ["/var/lib/kubelet/mine.txt"],
  );
});

test("the state folder is the last to be removed, and the configuration stays without --purge", async () => {
  for (const isPurge of [false, true]) {
    const { files, find } = setUp(isPurge);
    for (const path of [`${STATE}/ledger/a.json`, "/etc/eks-satellite/config.yaml", "/run/eks-satellite/token"])
      files.put(path, "");
    assert.deepEqual(await find(/eks-satellite has written/).list(), [
      "remove /run/eks-satellite",
      ...(isPurge ? ["remove /etc/eks-satellite"] : []),
      `remove ${STATE}`,
    ]);
  }
});

test("empty folders are removed with the parents that they leave empty; a folder in use and a link stay", async () => {
  const { files, find } = setUp();
  for (const folder of ["/etc/kubernetes/pki", "/etc/kubernetes", "/etc/cni", "/opt/cni"]) files.putFolder(folder);
  files.put("/etc/cni/net.d/10-theirs.conf", "");
  files.putLink("/opt/cni", "/data/cni");
  await find(/empty now/).run();
  const kindOf = async (path: string) => (await files.status(path))?.kind;
  assert.deepEqual([await kindOf("/etc/kubernetes/pki"), await kindOf("/etc/kubernetes")], [undefined, undefined]);
  assert.deepEqual([await kindOf("/etc/cni"), await kindOf("/opt/cni")], ["folder", "folder"]);
});

test("containerd restarts only when its configuration was restored", async () => {
  const { host, files, find } = setUp();
  const entry = (id: string) => ({ id, original: { kind: "file", content: "theirs", mode: 0o644, uid: 0, gid: 0 } });
  const times = { firstChangedAtMs: 1, lastChangedAtMs: 1, changes: 1 };
  const put = (name: string, id: string) =>
    files.put(`${STATE}/ledger/${name}.json`, JSON.stringify({ ...entry(id), ...times }));
  const restarts = () => host.commands.filter((command) => command === "systemctl restart containerd.service").length;
  put("a", "file:/etc/a");
  files.put("/etc/containerd/config.toml", "ours");
  await find(/restore/).run();
  assert.equal(restarts(), 0);
  put("b", "file:/etc/containerd/config.toml");
  await find(/restore/).run();
  assert.equal(restarts(), 1);
  await find(/restore/).run();
  assert.equal(restarts(), 1, "a second run changes nothing");
});
