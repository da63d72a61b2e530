import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import type { WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { planNode } from "../../../agent/plan/node-plan.ts";
import { decideTunnel, planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { sampleConfig, sampleFacts, sampleGateway, sampleTunnel, sampleTunnelFacts } from "../../fakes/samples.ts";

function plan(changes: Partial<WantedTunnel> = {}, yaml = "") {
  const resources = planTunnel(sampleConfig(yaml), sampleTunnel(changes));
  const [tunnel, standby] = resources.filter(({ kind }) => kind === "tunnel");
  const firewall = resources.at(-1);
  assert.ok(tunnel?.kind === "tunnel" && firewall?.kind === "firewall");
  return { tunnel, standby, firewall };
}

test("the VPC and the Services are behind the tunnel; what goes to a Service has left for its endpoint before it is encrypted", () => {
  const { tunnel } = plan({ remoteNetworks: ["10.250.0.0/24"] });
  assert.deepEqual(tunnel.routes, ["10.20.0.0/16", "10.250.0.0/24", "10.100.0.0/16"]);
  assert.deepEqual(
    tunnel.peers.map(({ allowedIps }) => allowedIps),
    [["10.20.0.0/16", "10.250.0.0/24", "10.20.1.5/32"]],
  );
});

const TWO = [sampleGateway(), sampleGateway({ name: "gw-2", publicKey: "B", address: "10.20.2.5" })];

test("two gateways have an interface each, both with what is behind them: the first one carries the traffic", () => {
  const { tunnel, standby } = plan({ gateways: TWO });
  assert.ok(standby?.kind === "tunnel");
  const routesOf = ({ interface: name, routes }: typeof tunnel) => [name, routes];
  assert.deepEqual([tunnel, standby].map(routesOf), [
    ["es0", ["10.20.1.5/32", "10.20.0.0/16", "10.100.0.0/16"]],
    ["es1", ["10.20.2.5/32"]],
  ]);
  assert.deepEqual(
    [tunnel, standby].map(({ peers }) => peers[0]?.allowedIps),
    [
      ["10.20.0.0/16", "10.20.1.5/32"],
      ["10.20.0.0/16", "10.20.2.5/32"],
    ],
  );
  assert.equal(tunnel.address, standby.address);
});

test("the carrier that was chosen has the routes, and comes first: they are replaced before they would be deleted", () => {
  const { tunnel, standby, firewall } = plan({ gateways: TWO, carrier: "gw-2" });
  assert.ok(standby?.kind === "tunnel");
  assert.deepEqual([tunnel.interface, tunnel.routes.length, standby.interface], ["es1", 3, "es0"]);
  assert.deepEqual(standby.routes, ["10.20.1.5/32"]);
  assert.deepEqual(firewall.rules, ["-d 10.250.0.11/32 -i es0 -j ACCEPT", "-d 10.250.0.11/32 -i es1 -j ACCEPT"]);
  assert.equal(plan({ gateways: TWO, carrier: "gone" }).tunnel.interface, "es0");
});

test("a gateway whose name cannot be resolved is left out, and the next one carries the traffic", () => {
  const gateways = [sampleGateway({ resolved: undefined }), sampleGateway({ publicKey: "B", address: "10.20.2.5" })];
  const { peers } = plan({ gateways }).tunnel;
  assert.deepEqual(
    peers.map(({ publicKey, allowedIps }) => [publicKey, allowedIps.length]),
    [["B", 2]],
  );
  assert.equal(plan({ gateways }).tunnel.interface, "es1", "the other one finds its own interface free");
});

test("the MTU is the least that a gateway says, never more than WireGuard's own default, and the configured one is taken as it is", () => {
  const mtuOf = (mtus: readonly (number | undefined)[], yaml?: string) =>
    plan({ gateways: mtus.map((mtu) => sampleGateway({ mtu })) }, yaml).tunnel.mtu;
  assert.equal(mtuOf([1400, undefined]), 1400);
  assert.equal(mtuOf([8921]), 1420);
  assert.equal(mtuOf([undefined]), 1420);
  assert.equal(mtuOf([1400], "network: { tunnel: { mtu: 1380 } }"), 1380);
});

test("pods on the host's network need INPUT alone; a CNI plugin's pods pass FORWARD", () => {
  const pods = ["10.251.16.0/24"];
  assert.deepEqual(plan({ pods }).firewall.parents, ["INPUT"]);
  assert.deepEqual(plan({ pods }).firewall.rules, ["-d 10.250.0.11/32 -i es0 -j ACCEPT"]);
  assert.deepEqual(plan({}, "network: { cni: none }").firewall.parents, ["INPUT"]);
  const { parents, rules } = plan({ pods }, "network: { cni: none }").firewall;
  assert.deepEqual(parents, ["INPUT", "FORWARD"]);
  assert.deepEqual(rules.slice(1), ["-d 10.251.16.0/24 -i es0 -j ACCEPT", "-s 10.251.16.0/24 -o es0 -j ACCEPT"]);
});

const kinds = (facts: Parameters<typeof sampleFacts>[0]) => {
  const { resources, kubelet, decided, tunnelProblem } = planNode(sampleConfig(), sampleFacts(facts));
  return {
    resources: resources.map(({ kind }) => kind).filter((kind) => kind === "tunnel" || kind === "firewall"),
    address: kubelet?.args.find((arg) => arg.startsWith("--node-ip="))?.slice("--node-ip=".length),
    isDecided: decided.includes("tunnel:es0") && decided.includes("firewall:EKS-SATELLITE"),
    problem: tunnelProblem?.code,
  };
};

test("the node's address is the tunnel's, where there is one", () => {
  assert.deepEqual(kinds({ tunnel: sampleTunnelFacts() }), {
    resources: ["tunnel", "firewall"],
    address: "10.250.0.11",
    isDecided: true,
    problem: undefined,
  });
  const { kubelet } = planNode(sampleConfig("node: { ip: 192.0.2.10 }"), sampleFacts({ tunnel: sampleTunnelFacts() }));
  assert.ok(kubelet?.args.includes("--node-ip=192.0.2.10"), "a configured one comes before it");
});

test("kubelet waits for the word on its address, and the rest of the node does not", () => {
  const plan = planNode(sampleConfig(), sampleFacts({ tunnel: { kind: "waiting" } }));
  assert.equal(plan.kubelet, undefined);
  assert.ok(plan.resources.some(({ kind }) => kind === "service"));
  assert.ok(!plan.decided.includes("tunnel:es0"), "what is there stays meanwhile");
});

test("without a tunnel what there was of one goes; while it is not known, or cannot be read, it stays", () => {
  const none = { resources: [], address: "192.0.2.10", problem: undefined };
  assert.deepEqual(kinds({ tunnel: { kind: "none", reason: "NotUsed", message: "" } }), { ...none, isDecided: true });
  assert.deepEqual(kinds({}), { ...none, isDecided: false });
  const problem = new SatelliteError("tunnel-key-invalid", "a test");
  assert.deepEqual(kinds({ tunnel: { kind: "damaged", problem, address: "10.250.0.11" } }), {
    ...none,
    address: "10.250.0.11",
    isDecided: false,
  });
});

test("a tunnel that would cut the machine off is withdrawn, and kubelet gets an address that the machine has", () => {
  const tunnel = sampleTunnelFacts({}, { routes: [{ destination: "10.20.3.0/24", interface: "eth1" }] });
  assert.deepEqual(kinds({ tunnel }), {
    resources: [],
    address: "192.0.2.10",
    isDecided: true,
    problem: "address-conflict",
  });
});

test("a cluster of IPv6 has no tunnel", () => {
  assert.equal(decideTunnel(sampleTunnelFacts(), "ipv6").problem?.code, "tunnel-needs-ipv4");
  assert.equal(decideTunnel(sampleTunnelFacts(), undefined).problem, undefined);
});
