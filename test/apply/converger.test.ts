import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConditionBoard } from "../../agent/board/conditions.ts";
import { otherCa } from "../fakes/certificates.ts";
import { CONTAINERD_CONFIG, setUpConverger as setUp } from "../fakes/memory-converger.ts";
import { sampleCluster } from "../fakes/samples.ts";

const reasonOf = (board: ConditionBoard) => {
  const { status, reason } = board.get("ConfigInSync");
  return [status, reason];
};

test("a round puts the machine right and says what kubelet should run with", async () => {
  const { board, containerd, converger, specs } = setUp();
  await converger.round();
  assert.deepEqual(reasonOf(board), ["True", "InSync"]);
  assert.equal(specs[0]?.command.path, "/usr/bin/kubelet");
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup/);
  assert.equal(converger.facts?.kubeletVersion, "1.34.4");
});

test("a GPU that falls off the bus changes nothing of kubelet, which would be restarted", async () => {
  const { host, converger, specs } = setUp();
  host.files.put("/sys/bus/pci/devices/0000:06:00.0/vendor", "0x10de\n");
  host.files.put("/sys/bus/pci/devices/0000:06:00.0/class", "0x030200\n");
  await converger.round();
  host.files.drop("/sys/bus/pci/devices/0000:06:00.0");
  await converger.round();
  assert.match(specs[0]?.command.args.join(" ") ?? "", /nvidia\.com\/gpu\.present=true/);
  assert.deepEqual(specs[1], specs[0]);
});

test("a round with nothing to do writes nothing, restarts nothing and asks for the same kubelet", async () => {
  const { host, containerd, converger, specs } = setUp();
  await converger.round();
  const writes = host.files.changes.length;
  await converger.round();
  assert.deepEqual([host.files.changes.length, containerd.restarts.length], [writes, 1]);
  assert.equal(specs[0]?.digest, specs[1]?.digest);
  assert.equal(converger.figures.rounds, 2);
});

test("a changed cluster CA is written and asks for one restart of kubelet", async () => {
  const { host, converger, known, specs } = setUp();
  await converger.round();
  known.cluster = sampleCluster({ caPem: otherCa });
  await converger.round();
  await converger.round();
  assert.equal(host.files.peek("/etc/kubernetes/pki/ca.crt")?.content, otherCa);
  assert.deepEqual(
    specs.map(({ digest }) => digest === specs[0]?.digest),
    [true, false, false],
  );
  assert.equal(specs[1]?.digest, specs[2]?.digest);
});

test("a hand edit of kubelet's configuration is undone and restarts nothing", async () => {
  const { host, converger, specs } = setUp();
  await converger.round();
  const path = "/etc/kubernetes/kubelet/kubelet-config.yaml";
  const planned = host.files.peek(path)?.content ?? "";
  host.files.put(path, planned.replace("maxPods: 110", "maxPods: 5"));
  await converger.round();
  assert.equal(host.files.peek(path)?.content, planned);
  assert.equal(specs[1]?.digest, specs[0]?.digest);
});

test("without a cluster the machine is prepared and no kubelet is asked for", async () => {
  const { containerd, converger, known, specs } = setUp();
  known.cluster = undefined;
  await converger.round();
  assert.deepEqual(specs, []);
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup/);
});

test("an unparsable containerd configuration is reported, left alone, and kubelet goes on", async () => {
  const { host, board, containerd, converger, specs } = setUp();
  await converger.round();
  host.files.put(CONTAINERD_CONFIG, "[[[");
  await converger.round();
  const { reason, hint } = board.get("ConfigInSync");
  assert.equal(reason, "ContainerdConfigUnparsable");
  assert.match(hint ?? "", /Correct \/etc\/containerd\/config\.toml/);
  assert.equal(host.files.peek(CONTAINERD_CONFIG)?.content, "[[[");
  assert.deepEqual([containerd.restarts.length, specs.length], [1, 2]);
});

test("a full disk is reported, and no kubelet is asked for whose files could not be written", async () => {
  const { host, board, converger, known, specs } = setUp();
  await converger.round();
  host.files.refuseWrites("/etc/kubernetes", "ENOSPC");
  known.cluster = sampleCluster({ caPem: otherCa });
  await converger.round();
  assert.deepEqual(reasonOf(board), ["False", "DiskFull"]);
  assert.equal(specs.length, 1, "the running kubelet stays on what it has");
  host.files.allowWrites();
  await converger.round();
  assert.deepEqual(reasonOf(board), ["True", "InSync"]);
  assert.equal(specs.length, 2);
});

test("a missing kubelet is reported with every other problem of the round", async () => {
  const { host, board, converger, specs } = setUp();
  host.files.drop("/usr/bin/kubelet");
  host.files.drop("/proc/sys/kernel/panic");
  await converger.round();
  const { reason, message } = board.get("ConfigInSync");
  assert.equal(reason, "KubeletMissing");
  assert.match(message, /no kubelet at \/usr\/bin\/kubelet.*; this kernel has no setting kernel\.panic/);
  assert.deepEqual(specs, []);
});

test("undoing another process's change is a repair, the agent's own first change is not", async () => {
  const { host, converger, repairs } = setUp();
  await converger.round();
  await converger.round();
  assert.deepEqual(
    [repairs, converger.figures.repairs, converger.figures.outcomes],
    [[], 0, { unchanged: 1, changed: 1, failed: 0 }],
  );
  const path = "/etc/kubernetes/pki/ca.crt";
  host.files.put(path, "another\n");
  await converger.round();
  assert.deepEqual([repairs, converger.figures.repairs], [[`file:${path}`], 1]);
  const file = converger.files.find((each) => each.path === path);
  assert.deepEqual([file?.work?.changes, file?.work?.repairs], [2, 1]);
  assert.match(file?.sha256 ?? "", /^[0-9a-f]{64}$/);
});

test("a containerd configuration that only its owner can read stays so, round after round", async () => {
  const { host, converger } = setUp();
  const path = "/etc/containerd/config.toml";
  host.files.put(path, 'version = 2\n[mine]\npassword = "p"\n', { mode: 0o600, uid: 7, gid: 8 });
  await converger.round();
  await converger.round();
  const { content, mode, uid, gid } = host.files.peek(path) ?? {};
  for (const line of ["SystemdCgroup = ", 'password = "p"']) assert.ok(content?.includes(line), line);
  assert.deepEqual([mode, uid, gid], [0o600, 7, 8]);
  const shown = converger.files.find((file) => file.path === path);
  assert.deepEqual([shown?.mode, shown?.sha256], [0o600, undefined]);
});
