import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeFacts } from "../../agent/facts/node-facts.ts";
import type { NodeApi } from "../../agent/kubernetes/node-api.ts";
import { watchHealth } from "../../agent/node/health-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { clusterCa, localhost } from "../fakes/certificates.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleCluster, sampleConfig, sampleFacts } from "../fakes/samples.ts";

const CERTIFICATE = "/var/lib/kubelet/pki/kubelet-server-current.pem";

function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  containerd.start();
  host.onFetch = () => ({ status: 200, body: "ok" });
  const board = createBoard(createMemoryLog().log, host.clock);
  const kubelet: { pid: number | undefined; beganMs: number } = { pid: 7, beganMs: host.clock.monotonic() };
  const state = () => ({ pid: kubelet.pid, ageMs: host.clock.monotonic() - kubelet.beganMs });
  const request = { state: undefined as string | undefined };
  const api = { readServingRequest: async () => request.state } as unknown as NodeApi;
  const known: { facts: NodeFacts | undefined } = { facts: undefined };
  const watch = () =>
    watchHealth({
      ...{ host, config: sampleConfig(), board, api: () => api },
      ...{ kubelet: state, facts: () => known.facts },
    });
  const statusOf = (type: Parameters<typeof board.get>[0]) => [board.get(type).status, board.get(type).reason];
  return { host, containerd, board, kubelet, request, known, watch, statusOf };
}

test("a containerd that answers and a kubelet that is healthy are reported as such", async () => {
  const { watch, statusOf } = setUp();
  await watch();
  assert.deepEqual(
    [statusOf("RuntimeReady"), statusOf("KubeletRunning")],
    [
      ["True", "Ready"],
      ["True", "Running"],
    ],
  );
});

test("a runtime without a network says which of its conditions is false, and where to look", async () => {
  const { containerd, board, watch, statusOf } = setUp();
  containerd.conditions = [
    { type: "RuntimeReady", isTrue: true, reason: "", message: "" },
    { type: "NetworkReady", isTrue: false, reason: "NetworkPluginNotReady", message: "cni plugin not initialized" },
  ];
  await watch();
  assert.deepEqual(statusOf("RuntimeReady"), ["False", "RuntimeNotReady"]);
  const { message, hint } = board.get("RuntimeReady");
  assert.match(message, /NetworkReady is false: NetworkPluginNotReady: cni plugin not initialized/);
  assert.match(hint ?? "", /\/etc\/cni\/net\.d/);
});

test("a containerd that is down is reported, and back again when it is up", async () => {
  const { containerd, watch, statusOf } = setUp();
  containerd.stop();
  await watch();
  assert.deepEqual(statusOf("RuntimeReady"), ["False", "RuntimeUnreachable"]);
  containerd.start();
  await watch();
  assert.deepEqual(statusOf("RuntimeReady"), ["True", "Ready"]);
});

test("a kubelet that does not answer is given a minute from its start", async () => {
  const { host, watch, statusOf } = setUp();
  host.onFetch = () => {
    throw new Error("connect ECONNREFUSED");
  };
  await watch();
  assert.deepEqual(statusOf("KubeletRunning"), ["Unknown", "Starting"]);
  host.clock.jump(61_000);
  await watch();
  assert.deepEqual(statusOf("KubeletRunning"), ["False", "KubeletUnhealthy"]);
});

test("a kubelet that says it is unwell is reported with its words", async () => {
  const { host, board, watch } = setUp();
  host.clock.jump(61_000);
  host.onFetch = () => ({ status: 500, body: "[-]syncloop failed" });
  await watch();
  assert.match(board.get("KubeletRunning").message, /answers 500: \[-\]syncloop failed/);
});

test("without a kubelet, or when it ended while it was asked, its supervisor has the word", async () => {
  const { host, kubelet, watch, statusOf } = setUp();
  kubelet.pid = undefined;
  await watch();
  assert.deepEqual(statusOf("KubeletRunning"), ["Unknown", "Starting"]);
  kubelet.pid = 7;
  host.onFetch = () => {
    kubelet.pid = undefined;
    return { status: 200, body: "ok" };
  };
  await watch();
  assert.deepEqual(statusOf("KubeletRunning"), ["Unknown", "Starting"]);
});

test("a signed serving certificate is reported with its end", async () => {
  const { host, board, watch, statusOf } = setUp();
  host.files.put(CERTIFICATE, clusterCa);
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned"), ["True", "Signed"]);
  assert.match(board.get("ServingCertificateSigned").message, /2120-01-01/);
});

test("a Ready node without a serving certificate says that logs and exec fail, and how to sign, a minute after kubelet's start", async () => {
  const { host, board, request, watch, statusOf } = setUp();
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned"), ["Unknown", "Starting"], "not before the node is Ready");
  board.setTrue("NodeReady", "KubeletReady", "ready");
  request.state = "Pending";
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned"), ["Unknown", "Requested"], "it is being signed");
  host.clock.jump(60_000);
  await watch();
  const { reason, message, hint } = board.get("ServingCertificateSigned");
  assert.deepEqual([reason, /its request is Pending/.test(message)], ["ServingCertificateUnsigned", true]);
  assert.match(hint ?? "", /kubectl certificate approve/);
});

test("a certificate for an address that the node had before says so, and what its request waits for, a minute after kubelet's start", async () => {
  const { host, board, request, known, watch, statusOf } = setUp();
  board.setTrue("NodeReady", "KubeletReady", "ready");
  host.files.put(CERTIFICATE, localhost.cert);
  known.facts = { ...sampleFacts(), gaps: [] };
  request.state = "Pending";
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned"), ["Unknown", "Requested"], "kubelet asks anew by itself");
  host.clock.jump(60_000);
  await watch();
  const { reason, message } = board.get("ServingCertificateSigned");
  const address = known.facts.machine.primaryIpv4;
  assert.equal(reason, "ServingCertificateUnsigned");
  assert.match(
    message,
    new RegExp(`is for 127\\.0\\.0\\.1.*, and not for the node's address ${address}; its request is Pending`),
  );
  known.facts = { ...sampleFacts({ machine: { ...known.facts.machine, primaryIpv4: "127.0.0.1" } }), gaps: [] };
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned"), ["True", "Signed"]);
});

test("a hybrid node that EKS does not know by its network says which one the cluster lacks", async () => {
  const { host, board, known, watch } = setUp();
  board.setTrue("NodeReady", "KubeletReady", "ready");
  host.clock.jump(60_000);
  known.facts = { ...sampleFacts({ cluster: sampleCluster({ remoteNetworks: { nodes: [], pods: [] } }) }), gaps: [] };
  await watch();
  const { reason, message } = board.get("ServingCertificateSigned");
  assert.deepEqual([reason, /cluster demo has no remoteNodeNetworks/.test(message)], ["RemoteNetworkMissing", true]);
});

test("a damaged serving certificate is reported, and the other checks run all the same", async () => {
  const { host, board, watch, statusOf } = setUp();
  board.setTrue("NodeReady", "KubeletReady", "ready");
  host.files.put(CERTIFICATE, "-----BEGIN CERTIFICATE-----\n");
  host.clock.jump(60_000);
  await watch();
  assert.deepEqual(statusOf("ServingCertificateSigned")[0], "False");
  assert.deepEqual(statusOf("RuntimeReady"), ["True", "Ready"]);
});
