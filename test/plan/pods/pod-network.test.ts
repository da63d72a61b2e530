import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { PATHS } from "../../../agent/config/paths.ts";
import { SatelliteError } from "../../../agent/errors.ts";
import type { TunnelFacts } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { planNode } from "../../../agent/plan/node-plan.ts";
import { decidePodNetwork } from "../../../agent/plan/pods/pod-network.ts";
import { podCapacity } from "../../../agent/plan/pods/prefix.ts";
import { sampleConfig, sampleFacts, sampleGateway, sampleTunnelFacts } from "../../fakes/samples.ts";

const ROUTED = "network: { cni: routed }";
const PODS = ["10.250.16.0/25"];

function plan(yaml: string, tunnel: TunnelFacts | undefined) {
  const { resources, decided, podNetworkProblem } = planNode(sampleConfig(yaml), sampleFacts({ tunnel }));
  const contentOf = (path: string) =>
    resources.flatMap((resource) => (resource.kind === "file" && resource.path === path ? [resource.content] : []))[0];
  return {
    conflist: contentOf(PATHS.podConfig),
    host: contentOf(PATHS.cniConfig),
    maxPods: parse(contentOf(PATHS.kubeletConfig) ?? "{}").maxPods,
    chains: resources.flatMap((resource) => (resource.kind === "firewall" ? [resource.table ?? "filter"] : [])),
    isDecided: decided.includes(PATHS.cniConfigFolder),
    problem: podNetworkProblem?.code,
  };
}

test("a node whose entry has a network for pods gets their configuration, and what was there for the host's network goes", () => {
  const { conflist, host, isDecided, chains, problem } = plan(ROUTED, sampleTunnelFacts({ pods: PODS }));
  assert.match(conflist ?? "", /"subnet": "10\.250\.16\.0\/25"/);
  assert.deepEqual([host, isDecided, problem], [undefined, true, undefined]);
  assert.deepEqual(chains, ["filter", "nat"]);
});

test("the MTU of pods is the tunnel's", () => {
  const facts = sampleTunnelFacts({ pods: PODS, gateways: [sampleGateway({ mtu: 1328 })] });
  assert.match(plan(ROUTED, facts).conflist ?? "", /"mtu": 1328/);
  assert.match(plan("network: { cni: routed, tunnel: { mtu: 1400 } }", facts).conflist ?? "", /"mtu": 1400/);
});

test("back on the host's network the pods' configuration and the translation go", () => {
  const { conflist, host, isDecided, chains } = plan("", sampleTunnelFacts({ pods: PODS }));
  assert.ok(host !== undefined && conflist === undefined && isDecided);
  assert.deepEqual(chains, ["filter"]);
});

test("while the node's entry is not known, what containerd has stays, and nothing is a problem yet", () => {
  for (const facts of [undefined, { kind: "waiting" } as const]) {
    const { conflist, host, isDecided, problem } = plan(ROUTED, facts);
    assert.deepEqual([conflist, host, isDecided, problem], [undefined, undefined, false, undefined]);
  }
});

test("without a tunnel, with one that may not be set, and without a network for pods, the problem has a name and what is there stays", () => {
  const damaged = {
    kind: "damaged",
    problem: new SatelliteError("tunnel-key-invalid", "a test"),
    address: undefined,
  } as const;
  const conflict = sampleTunnelFacts({ pods: PODS }, { routes: [{ destination: "10.20.3.0/24", interface: "eth1" }] });
  const none = {
    kind: "none",
    reason: "NoEntry",
    message: "the cluster has a gateway, and no entry for this node",
  } as const;
  const cases: readonly (readonly [TunnelFacts, string])[] = [
    [none, "pod-tunnel-missing"],
    [damaged, "pod-tunnel-missing"],
    [conflict, "address-conflict"],
    [sampleTunnelFacts(), "pod-prefix-missing"],
    [sampleTunnelFacts({ pods: ["10.250.16.0/31"] }), "pod-prefix-missing"],
  ];
  for (const [facts, code] of cases) {
    const { conflist, isDecided, problem } = plan(ROUTED, facts);
    assert.deepEqual([conflist, isDecided, problem], [undefined, false, code]);
  }
});

test("the hint says who gives the network: an administrator, or the configuration of a static tunnel", () => {
  const hintOf = (yaml: string) => {
    const network = decidePodNetwork(sampleConfig(yaml), sampleTunnelFacts(), "ipv4");
    return network.kind === "lacking" ? network.problem.hint : undefined;
  };
  assert.match(hintOf(ROUTED) ?? "", /authorize … --node-name gpu-1 --tunnel/);
  const gateway = `{ publicKey: "${sampleGateway().publicKey}", endpoint: "198.51.100.5:51820", address: 10.20.1.5 }`;
  const tunnel = `{ mode: static, address: 10.250.0.11, vpcCidrs: [10.20.0.0/16], gateways: [${gateway}] }`;
  assert.match(hintOf(`network: { cni: routed, tunnel: ${tunnel} }`) ?? "", /network\.tunnel\.pods/);
});

test("kubelet takes no more pods than there are addresses", () => {
  assert.equal(podCapacity(["10.250.16.0/25"]), 125);
  assert.equal(podCapacity(["10.250.16.0/28", "10.250.17.0/28"]), 26);
  assert.equal(plan(ROUTED, sampleTunnelFacts({ pods: ["10.250.16.0/28"] })).maxPods, 13);
  assert.equal(plan(ROUTED, sampleTunnelFacts({ pods: PODS })).maxPods, 110);
  assert.equal(plan(ROUTED, sampleTunnelFacts()).maxPods, 110);
  assert.equal(plan("", sampleTunnelFacts({ pods: ["10.250.16.0/28"] })).maxPods, 110);
});
