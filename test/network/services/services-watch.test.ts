import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { ServicesWatch } from "../../../agent/network/services/services-watch.ts";
import { createBoard } from "../../fakes/board.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleCluster, sampleConfig, sampleMachine } from "../../fakes/samples.ts";

const HOUR_MS = 3_600_000;
const TUNNEL_ADDRESS = "10.250.0.2";

function setUp({ hasTunnel = false, nodes = ["192.0.2.0/24"] } = {}) {
  const host = new MemoryHost();
  const { log, lines } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const answers = {
    kubeProxy: true,
    service: true,
    dns: true,
    ageMs: HOUR_MS,
    tunnel: hasTunnel,
    asked: 0,
    glanced: 0,
  };
  host.onFetch = ({ url }) => {
    answers.asked += 1;
    if (url.startsWith("https:") ? answers.service : answers.kubeProxy) return { status: 200, body: "{}" };
    throw new SatelliteError("http-failed", "nothing listens");
  };
  host.onReach = (_, port) => {
    answers.glanced += 1;
    return (port === 10_256 ? answers.kubeProxy : answers.service) ? "ok" : "refused";
  };
  host.onNameServer = () => {
    answers.asked += 1;
    if (answers.dns) return ["10.100.0.1"];
    throw new SatelliteError("dns-failed", "nothing listens", {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
  };
  const watch = new ServicesWatch({
    ...{ host, board, config: sampleConfig() },
    cluster: () => sampleCluster({ remoteNetworks: { nodes, pods: [] } }),
    machine: () => sampleMachine(),
    tunnelAddress: () => (answers.tunnel ? TUNNEL_ADDRESS : undefined),
    kubelet: () => ({ ageMs: answers.ageMs }),
  });
  board.setTrue("NodeReady", "Ready", "the node is Ready");
  const seen = () =>
    (["ServicesWorking", "ClusterDnsWorking"] as const).map(
      (type) => `${board.get(type).status} ${board.get(type).reason}`,
    );
  /** Asks, and lets what was found last. */
  const settle = async () => {
    await watch.round();
    await host.clock.advance(31_000);
    return seen();
  };
  return { host, board, answers, watch, settle, seen, lines };
}

test("an island asks for nothing, and says nothing", async () => {
  const { watch, seen, answers, lines } = setUp({ nodes: ["10.250.0.0/24"] });
  await watch.round();
  assert.deepEqual(seen(), ["True NotUsed", "True NotUsed"]);
  assert.equal(answers.asked, 0);
  assert.deepEqual(
    lines.filter(({ condition }) => condition === "ServicesWorking"),
    [],
  );
});

test("in the remote networks kube-proxy alone is asked until it has come; from then on its absence is a failure", async () => {
  const { answers, settle, watch, seen } = setUp();
  answers.kubeProxy = false;
  await watch.round();
  assert.deepEqual([seen(), answers.asked], [["True NotUsed", "True NotUsed"], 1]);
  answers.kubeProxy = true;
  assert.deepEqual(await settle(), ["True Answers", "True Answers"]);
  answers.kubeProxy = false;
  await watch.round(); // It is cluster DNS' turn.
  assert.deepEqual(await settle(), ["False KubeProxyMissing", "True Answers"]);
  answers.kubeProxy = true;
  assert.deepEqual(await settle(), ["True Answers", "True Answers"]);
});

test("with a tunnel a kube-proxy that never came is missing, once the node has had time to start one", async () => {
  const { answers, settle, board } = setUp({ hasTunnel: true, nodes: [] });
  Object.assign(answers, { kubeProxy: false, service: false, dns: false, ageMs: 20_000 });
  assert.deepEqual(await settle(), ["Unknown Starting", "Unknown ServicesNotWorking"]);
  answers.ageMs = HOUR_MS;
  board.setFailed("NodeReady", new SatelliteError("node-not-ready", "not Ready"));
  assert.deepEqual(await settle(), ["Unknown Starting", "Unknown ServicesNotWorking"]);
  board.setTrue("NodeReady", "Ready", "the node is Ready");
  assert.deepEqual(await settle(), ["False KubeProxyMissing", "Unknown ServicesNotWorking"]);
});

test("the VPC answers the address in the tunnel: a source that is this one is no wrong route", async () => {
  const { answers, settle, board, host } = setUp({ hasTunnel: true });
  host.install("ip", () => ({ stdout: JSON.stringify([{ dev: "es0", prefsrc: TUNNEL_ADDRESS }]) }));
  answers.service = false;
  await settle();
  assert.notEqual(board.get("ServicesWorking").reason, "ServiceRouteMissing");
  host.install("ip", () => ({ stdout: JSON.stringify([{ dev: "eth0", prefsrc: "192.168.50.20" }]) }));
  await settle();
  assert.equal(board.get("ServicesWorking").reason, "ServiceRouteMissing");
});

test("cluster DNS that is away is one failure, and Services stay what they are", async () => {
  const { answers, settle, board } = setUp({ hasTunnel: true });
  await settle();
  answers.dns = false;
  assert.deepEqual(await settle(), ["True Answers", "False CoreDnsAway"]);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["ClusterDnsWorking"],
  );
});

test("what has worked once is not starting any more, however young kubelet is", async () => {
  const { answers, settle } = setUp({ hasTunnel: true });
  answers.ageMs = 20_000;
  assert.deepEqual(await settle(), ["True Answers", "True Answers"]);
  answers.dns = false;
  assert.deepEqual(await settle(), ["True Answers", "False CoreDnsAway"]);
  assert.deepEqual(await settle(), ["True Answers", "False CoreDnsAway"]);
});

test("an update of kube-proxy is no failure", async () => {
  const { answers, watch, seen, host } = setUp({ hasTunnel: true });
  await watch.round();
  answers.kubeProxy = false;
  await watch.round();
  await host.clock.advance(25_000);
  answers.kubeProxy = true;
  await watch.round();
  await host.clock.advance(31_000);
  assert.deepEqual(seen(), ["True Answers", "True Answers"]);
});

test("while all is well nine of ten rounds are a name or two connections, in turn; what fails one of them is looked at in full at once", async () => {
  for (const broken of ["kubeProxy", "service", "dns"] as const) {
    const { watch, answers, board } = setUp({ hasTunnel: true });
    await watch.round();
    const full = answers.asked;
    for (let round = 1; round < 10; round += 1) await watch.round();
    assert.deepEqual([answers.asked, answers.glanced], [full + 5, 8], "the name is one question");
    await watch.round();
    assert.equal(answers.asked, 2 * full + 5);
    answers[broken] = false;
    for (let turn = 0; turn < 2; turn += 1) await watch.round();
    const { pending } = board.get(broken === "dns" ? "ClusterDnsWorking" : "ServicesWorking");
    assert.equal(pending?.status, "False", broken);
  }
});

test("a name that leads elsewhere is no glance that satisfies", async () => {
  const { watch, host, board } = setUp({ hasTunnel: true });
  await watch.round();
  host.onNameServer = () => ["192.0.2.1"];
  await watch.round();
  assert.equal(board.get("ClusterDnsWorking").pending?.status, "False");
});

test("a tunnel that goes takes the expectation with it", async () => {
  const { answers, settle } = setUp({ hasTunnel: true, nodes: [] });
  await settle();
  Object.assign(answers, { tunnel: false, service: false, dns: false });
  assert.deepEqual(await settle(), ["True NotUsed", "True NotUsed"]);
});

test("the metrics say when each last answered, and nothing before", async () => {
  const { watch, host } = setUp({ hasTunnel: true });
  const values = () => watch.metrics().map(({ name, samples }) => [name, samples()[0]?.value]);
  assert.deepEqual(values(), [
    ["eks_satellite_services_answered_timestamp_seconds", undefined],
    ["eks_satellite_cluster_dns_answered_timestamp_seconds", undefined],
  ]);
  await watch.round();
  const now = host.clock.now() / 1000;
  assert.deepEqual(
    values().map(([, value]) => value),
    [now, now],
  );
});

test("before the cluster and the machine are known nothing is said", async () => {
  const host = new MemoryHost();
  const board = createBoard(createMemoryLog().log, host.clock);
  const unknown = { cluster: () => undefined, machine: () => undefined };
  const watch = new ServicesWatch({
    ...{ host, board, config: sampleConfig(), ...unknown },
    tunnelAddress: () => TUNNEL_ADDRESS,
    kubelet: () => ({ ageMs: undefined }),
  });
  await watch.round();
  assert.equal(board.get("ServicesWorking").status, "Unknown");
});
