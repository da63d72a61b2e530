import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { SatelliteError } from "../../../agent/errors.ts";
import { planDnsCache, planKubeletDns } from "../../../agent/plan/dns/dns-cache.ts";
import { planNode } from "../../../agent/plan/node-plan.ts";
import { sampleCluster, sampleConfig, sampleFacts, sampleTunnelFacts } from "../../fakes/samples.ts";

const MANIFEST = "/etc/kubernetes/manifests/eks-satellite-dns.yaml";
const COREFILE = "/etc/kubernetes/eks-satellite-dns/Corefile";
const NONE = { kind: "none", reason: "NotUsed", message: "network.tunnel.mode is off" } as const;
const DNS = { nameServers: ["192.0.2.53"], askers: 0 };

function plan(yaml: string, changes: Parameters<typeof sampleFacts>[0] = {}) {
  const resources = planDnsCache(sampleConfig(yaml), sampleFacts({ dns: DNS, tunnel: NONE, ...changes }));
  const file = (path: string) =>
    resources?.flatMap((each) => (each.kind === "file" && each.path === path ? [each.content] : []))[0] ?? "";
  return { resources, corefile: file(COREFILE), manifest: file(MANIFEST) };
}

test("with dns cached kubelet gives pods the cache's address, and keeps static pods; without, cluster DNS", () => {
  const facts = { cluster: sampleCluster(), dns: DNS };
  assert.deepEqual(planKubeletDns(sampleConfig("network: { dns: cached }"), facts), {
    clusterDNS: ["169.254.20.10"],
    staticPodPath: "/etc/kubernetes/manifests",
  });
  assert.deepEqual(planKubeletDns(sampleConfig(""), facts), { clusterDNS: ["10.100.0.10"] });
});

test("after cached → cluster the cache stays for the pods that ask it, and goes with the last of them", () => {
  const leaving = sampleFacts({ dns: { ...DNS, askers: 2 }, tunnel: NONE });
  const config = sampleConfig("");
  assert.deepEqual(planKubeletDns(config, { ...leaving, cluster: sampleCluster() }), {
    clusterDNS: ["10.100.0.10"],
    staticPodPath: "/etc/kubernetes/manifests",
  });
  const kept = planNode(config, leaving);
  assert.ok(kept.resources.some((each) => each.kind === "file" && each.path === COREFILE));
  assert.ok(!kept.decided.includes(MANIFEST), "what is decided once is not pruned again");
  const gone = planNode(config, sampleFacts({ dns: DNS }));
  assert.ok(!gone.resources.some((each) => each.kind === "address"));
  assert.deepEqual(
    gone.decided.filter((place) => /dns|address/.test(place)),
    ["address:169.254.20.10", "/etc/kubernetes/eks-satellite-dns", MANIFEST],
  );
});

test("what is not known yet leaves what is there: the cluster, the tunnel, the pods that ask", () => {
  const yaml = "network: { dns: cached }";
  assert.equal(plan(yaml, { cluster: undefined }).resources, undefined);
  assert.equal(plan(yaml, { tunnel: { kind: "waiting" } }).resources, undefined);
  assert.equal(plan(yaml, { tunnel: undefined }).resources, undefined);
  assert.equal(plan("", { dns: undefined }).resources, undefined);
});

test("a tunnel that cannot be planned leaves a cache whose pods have its addresses as it is, and is no matter to others", () => {
  const problem = new SatelliteError("tunnel-key-invalid", "a test");
  const tunnel = { kind: "damaged", problem, address: undefined } as const;
  assert.equal(plan("network: { dns: cached, cni: routed }", { tunnel }).resources, undefined);
  assert.equal(plan("network: { dns: cached }", { tunnel }).resources?.length, 3);
});

test("an IPv6 cluster is refused by name, and its pods keep cluster DNS", () => {
  const cluster = sampleCluster({ ipFamily: "ipv6", serviceCidr: "fd12:3456:789a::/108" });
  const config = sampleConfig("network: { dns: cached }");
  assert.throws(() => planDnsCache(config, sampleFacts({ cluster, dns: DNS })), { code: "dns-cache-needs-ipv4" });
  assert.deepEqual(planKubeletDns(config, { cluster, dns: DNS }).clusterDNS, ["fd12:3456:789a::a"]);
});

test("names of addresses are those of Services and of every network of pods, each zone once", () => {
  const tunnel = sampleTunnelFacts({ pods: ["10.250.16.0/25"], remoteNetworks: ["10.250.16.0/23", "10.250.16.0/24"] });
  const { corefile } = plan("network: { dns: cached, cni: routed, dnsZones: [corp.internal, cluster.local] }", {
    tunnel,
  });
  const [, zones = ""] = /^(corp\.internal:53 .*) \{$/m.exec(corefile) ?? [];
  const names = zones.split(" ");
  assert.ok(names.includes("100.10.in-addr.arpa:53"), zones);
  assert.ok(names.includes("16.250.10.in-addr.arpa:53") && names.includes("17.250.10.in-addr.arpa:53"), zones);
  assert.equal(new Set(names).size, names.length);
  assert.ok(!names.includes("cluster.local:53"));
});

test("the machine and its pods may ask, and no other machine of a link; with a plugin of the user's its rules decide", () => {
  const tunnel = sampleTunnelFacts({ pods: ["10.250.16.0/25"] });
  assert.match(
    plan("network: { dns: cached, cni: routed }", { tunnel }).corefile,
    /allow net 169\.254\.20\.10\/32 10\.250\.16\.0\/25\n\s+block/,
  );
  assert.doesNotMatch(plan("network: { dns: cached, cni: none }", { tunnel }).corefile, /acl/);
});

test("the manifest has the configured image, in the user's own folder of static pods, with a bound and one capability", () => {
  const yaml = `network: { dns: cached, dnsImage: "mirror.example/coredns:v1.13.1" }`;
  const { manifest, resources } = plan(yaml);
  const [container] = parse(manifest).spec.containers;
  assert.equal(container.image, "mirror.example/coredns:v1.13.1");
  assert.equal(container.resources.limits.memory, "170Mi");
  assert.deepEqual(container.securityContext.capabilities, { add: ["NET_BIND_SERVICE"], drop: ["ALL"] });
  assert.equal(resources?.length, 3);
  const own = plan("network: { dns: cached }\nkubelet: { config: { staticPodPath: /srv/pods/ } }").resources;
  assert.ok(own?.some((each) => each.kind === "file" && each.path === "/srv/pods/eks-satellite-dns.yaml"));
});
