import assert from "node:assert/strict";
import { test } from "node:test";
import { Converger } from "../../agent/apply/converger.ts";
import type { ClusterFacts } from "../../agent/aws/cluster.ts";
import type { ConditionBoard } from "../../agent/board/conditions.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import type { KubeletSpec } from "../../agent/kubelet/kubelet.ts";
import { createBoard } from "../fakes/board.ts";
import { localhost, otherCa } from "../fakes/certificates.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { DOCKER_CONTAINERD_CONFIG, sampleCluster, sampleConfig } from "../fakes/samples.ts";

const CONTAINERD_CONFIG = "/etc/containerd/config.toml";
const TOKEN = "/run/eks-satellite/kubelet-token";
const PKI = "/var/lib/kubelet/pki";

function setUp(config = sampleConfig()) {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONTAINERD_CONFIG, DOCKER_CONTAINERD_CONFIG);
  host.files.put(TOKEN, "k8s-aws-v1.x");
  containerd.start();
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const known: { cluster: ClusterFacts | undefined } = { cluster: sampleCluster() };
  const specs: KubeletSpec[] = [];
  const repairs: string[] = [];
  const converger = new Converger({
    host,
    config,
    log: memoryLog.log,
    board,
    versions: createVersionReader(host),
    cluster: () => known.cluster,
    emit: (event) => {
      if (event.kind === "resource-repaired") repairs.push(event.resource);
      else specs.push(event.spec);
    },
  });
  return { host, containerd, board, converger, known, specs, repairs, ...memoryLog };
}

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

test("a hand edit of kubelet's configuration is put back and restarts nothing", async () => {
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

test("an unparsable containerd configuration is told of, left alone, and kubelet goes on", async () => {
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

test("a full disk is told of, and no kubelet is asked for whose files could not be written", async () => {
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

test("a missing kubelet is told of with every other problem of the round", async () => {
  const { host, board, converger, specs } = setUp();
  host.files.drop("/usr/bin/kubelet");
  host.files.drop("/proc/sys/kernel/panic");
  await converger.round();
  const { reason, message } = board.get("ConfigInSync");
  assert.equal(reason, "KubeletMissing");
  assert.match(message, /no kubelet at \/usr\/bin\/kubelet.*; this kernel has no setting kernel\.panic/);
  assert.deepEqual(specs, []);
});

test("on a machine that is as planned, a preparation returns what the round asked for", async () => {
  const { converger, specs } = setUp();
  await converger.round();
  assert.deepEqual(await converger.prepareKubelet(), specs[0]);
});

test("a preparation that is asked for during a round waits for it: kubelet never starts on files of before", async () => {
  const { host, converger, known } = setUp();
  await converger.round();
  known.cluster = sampleCluster({ caPem: otherCa });
  const gate = Promise.withResolvers<void>();
  const write = host.files.write.bind(host.files);
  let isHeld = false;
  host.files.write = async (path, content, options) => {
    if (path.endsWith("/ca.crt")) {
      isHeld = true;
      await gate.promise;
    }
    return write(path, content, options);
  };
  const round = converger.round();
  while (!isHeld) await new Promise(setImmediate);
  const prepared = converger.prepareKubelet();
  gate.resolve();
  await round;
  const { digest } = await prepared;
  assert.equal(host.files.peek("/etc/kubernetes/pki/ca.crt")?.content, otherCa);
  assert.equal(digest, (await converger.prepareKubelet()).digest, "it is of the newer files");
});

test("kubelet does not start before the first round has ended", async () => {
  await assert.rejects(setUp().converger.prepareKubelet(), { code: "not-planned" });
});

test("each thing that stands in kubelet's way is named", async () => {
  const obstacles: Record<string, (made: ReturnType<typeof setUp>) => void> = {
    "runtime-unreachable": ({ containerd }) => containerd.stop(),
    "token-missing": ({ host }) => host.files.drop(TOKEN),
    "kubelet-stranger": ({ host }) => void host.processes.start({ name: "kubelet" }),
    "port-taken": ({ host }) =>
      host.files.put("/proc/net/tcp", "sl\n 0: 00000000:280A 00000000:0000 0A 0:0 0:0 0 0 0 1 1\n"),
    "disk-full": ({ host }) => {
      host.files.put("/etc/kubernetes/pki/ca.crt", "edited");
      host.files.refuseWrites("/etc/kubernetes", "ENOSPC");
    },
  };
  for (const [code, put] of Object.entries(obstacles)) {
    const made = setUp();
    await made.converger.round();
    put(made);
    await assert.rejects(made.converger.prepareKubelet(), { code });
  }
});

test("swap and a version that does not fit are found before kubelet fails with them", async () => {
  const swapping = setUp();
  swapping.host.system = { ...swapping.host.system, swapBytes: 2 ** 30 };
  await swapping.converger.round();
  await assert.rejects(swapping.converger.prepareKubelet(), { code: "swap-on" });
  const skewed = setUp();
  skewed.known.cluster = sampleCluster({ version: "1.33" });
  await skewed.converger.round();
  await assert.rejects(skewed.converger.prepareKubelet(), { code: "version-skew" });
});

test("kubelet's files are put right once more in the moment in which it starts", async () => {
  const { host, converger } = setUp();
  await converger.round();
  const planned = host.files.peek("/etc/kubernetes/pki/ca.crt")?.content;
  host.files.put("/etc/kubernetes/pki/ca.crt", "edited a moment ago");
  await converger.prepareKubelet();
  assert.equal(host.files.peek("/etc/kubernetes/pki/ca.crt")?.content, planned);
});

test("a serving certificate of another cluster is moved away before kubelet starts, and nothing else is", async () => {
  const { host, converger } = setUp();
  host.files.put(`${PKI}/kubelet-server-2026.pem`, otherCa);
  host.files.putLink(`${PKI}/kubelet-server-current.pem`, `${PKI}/kubelet-server-2026.pem`);
  host.files.put(`${PKI}/kubelet-client.pem`, "kept");
  await converger.round();
  await converger.prepareKubelet();
  assert.deepEqual(await host.files.list(PKI), ["kubelet-client.pem"]);
  const retired = host.files.paths().filter((path) => path.includes("/retired-certificates/"));
  assert.equal(retired.length, 1);
  assert.deepEqual(
    [host.files.peek(retired[0] ?? "")?.content, host.files.peek(retired[0] ?? "")?.mode],
    [otherCa, 0o600],
  );
});

test("a serving certificate that this cluster's CA signed stays, also when ca.crt was edited by hand", async () => {
  const { host, converger, known } = setUp();
  known.cluster = sampleCluster({ caPem: localhost.cert });
  host.files.put(`${PKI}/kubelet-server-current.pem`, localhost.cert);
  await converger.round();
  host.files.put("/etc/kubernetes/pki/ca.crt", "edited");
  await converger.round();
  await converger.prepareKubelet();
  assert.deepEqual(await host.files.list(PKI), ["kubelet-server-current.pem"]);
});

test("somebody else's change is a repair, the agent's own first change is not", async () => {
  const { host, converger, repairs } = setUp();
  await converger.round();
  await converger.round();
  assert.deepEqual(
    [repairs, converger.figures.repairs, converger.figures.outcomes],
    [[], 0, { unchanged: 1, changed: 1, failed: 0 }],
  );
  const path = "/etc/kubernetes/kubelet/kubelet-config.yaml";
  host.files.put(path, "maxPods: 1\n");
  await converger.round();
  assert.deepEqual([repairs, converger.figures.repairs], [[`file:${path}`], 1]);
  const file = converger.files.find((each) => each.path === path);
  assert.deepEqual([file?.work?.changes, file?.work?.repairs], [2, 1]);
  assert.match(file?.sha256 ?? "", /^[0-9a-f]{64}$/);
});
