import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, planNode } from "../../agent/plan/node-plan.ts";
import { resourceId } from "../../agent/plan/resource.ts";
import { containerdFile, sampleConfig, sampleFacts, sampleMachine } from "../fakes/samples.ts";

const FACTS = sampleFacts();
const CONFIG = sampleConfig();
const idsOf = (facts: Partial<Facts>, config = CONFIG) =>
  planNode(config, { ...FACTS, ...facts }).resources.map(resourceId);

test("no two resources of a plan have the same id", () => {
  const ids = idsOf({}, sampleConfig("network: { cni: none }"));
  assert.equal(new Set(ids).size, ids.length);
});

test("the service comes after the file that it reads, and modules before the settings that need them", () => {
  const ids = idsOf({}, sampleConfig("network: { cni: none }"));
  assert.ok(ids.indexOf("file:/etc/containerd/config.toml") < ids.indexOf("service:containerd.service"));
  assert.ok(ids.indexOf("kernel-module:br_netfilter") < ids.indexOf("sysctl:net.bridge.bridge-nf-call-iptables"));
});

test("with another CNI no configuration of ours is planned", () => {
  assert.ok(idsOf({}).includes("file:/etc/cni/net.d/10-host-network.conf"));
  assert.ok(!idsOf({}, sampleConfig("network: { cni: none }")).some((id) => id.includes("cni")));
});

test("without a cluster, or without a kubelet, the kernel and containerd are planned all the same, and no kubelet", () => {
  for (const gap of [{ cluster: undefined }, { kubeletVersion: undefined }]) {
    const plan = planNode(CONFIG, { ...FACTS, ...gap });
    assert.equal(plan.kubelet, undefined);
    assert.ok(plan.resources.some(({ kind }) => kind === "service"));
    assert.ok(!plan.resources.some((resource) => resource.kind === "file" && resource.reader === "kubelet"));
  }
});

test("a containerd configuration that cannot be merged is a problem; kubelet is planned all the same", () => {
  const legacy = { version: "1.7.27", config: containerdFile("[plugins.linux]\n") };
  const { problems, kubelet, resources } = planNode(CONFIG, { ...FACTS, containerd: legacy });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["containerd-config-legacy"],
  );
  assert.ok(kubelet !== undefined);
  assert.ok(!resources.some(({ kind }) => kind === "service"), "a containerd that was not configured is not restarted");
});

test("what may hold secrets is private: kubelet's kubeconfig and configuration, and a new configuration of containerd", () => {
  const modes = planNode(CONFIG, FACTS).resources.flatMap((resource) =>
    resource.kind === "file" && resource.mode !== 0o644 ? [[resource.path, resource.mode]] : [],
  );
  assert.deepEqual(modes, [
    ["/var/lib/kubelet/kubeconfig", 0o600],
    ["/etc/kubernetes/kubelet/kubelet-config.yaml", 0o600],
    ["/etc/containerd/config.toml", 0o600],
  ]);
});

test("the cgroup driver of kubelet and containerd is the same, with and without systemd", () => {
  for (const isSystemd of [true, false]) {
    const { resources } = planNode(CONFIG, { ...FACTS, machine: sampleMachine({ isSystemd }) });
    const texts = resources.flatMap((resource) => (resource.kind === "file" ? [resource.content] : [])).join("\n");
    assert.ok(texts.includes(`SystemdCgroup = ${isSystemd}`));
    assert.ok(texts.includes(`cgroupDriver: ${isSystemd ? "systemd" : "cgroupfs"}`));
  }
});

test("what a section decides follows from the configuration alone: missing facts and problems change nothing of it", () => {
  const { decided } = planNode(CONFIG, FACTS);
  assert.deepEqual(decided, ["/etc/cni/net.d", "/etc/containerd/certs.d"]);
  const legacy = { version: "1.7.27", config: containerdFile("[plugins.linux]\n") };
  for (const gap of [{ cluster: undefined }, { containerd: undefined }, { containerd: legacy }])
    assert.deepEqual(planNode(CONFIG, { ...FACTS, ...gap }).decided, decided);
});

test("files that follow from facts lie in no decided place: missing facts must not look like a wish to remove them", () => {
  const { resources, decided } = planNode(sampleConfig("network: { cni: none }"), FACTS);
  const paths = resources.flatMap((resource) => (resource.kind === "file" ? [resource.path] : []));
  assert.ok(paths.length > 5);
  assert.deepEqual(
    paths.filter((path) => decided.some((place) => path.startsWith(`${place}/`))),
    [],
  );
});

test("a containerd that is too old is left as it is: no configuration makes kubelet understand it", () => {
  const { problems, resources } = planNode(CONFIG, {
    ...FACTS,
    containerd: { version: "1.4.13", config: containerdFile("") },
  });
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message]),
    [["cri-outdated", "containerd 1.4.13 speaks CRI v1alpha2 alone, and kubelet asks for CRI v1"]],
  );
  const ids = resources.map(resourceId);
  assert.ok(!ids.includes("file:/etc/containerd/config.toml") && !ids.includes("service:containerd.service"));
  assert.ok(ids.includes("file:/etc/cni/net.d/10-host-network.conf"), "the others are planned");
});
