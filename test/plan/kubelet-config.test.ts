import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import {
  renderKubeletConfig,
  reservedCpuMillicores,
  reservedMemoryMebibytes,
} from "../../agent/plan/kubelet-config.ts";
import { sampleCluster, sampleConfig, sampleMachine } from "../fakes/samples.ts";

function render(yaml = "", machine = sampleMachine(), kubeletVersion = "1.34.4") {
  const text = renderKubeletConfig({
    config: sampleConfig(yaml),
    cluster: sampleCluster(),
    machine,
    kubeletVersion,
    maxPods: 110,
    cgroupDriver: "systemd",
    dns: { clusterDNS: ["10.100.0.10"] },
  });
  return { text, config: parse(text) as Record<string, unknown> };
}

test("gpu.taint taints a machine with GPUs at registration, once, and no other", () => {
  const taint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };
  const machine = sampleMachine({ hasGpu: true });
  const taintsOf = (yaml: string, of = machine) => render(yaml, of).config.registerWithTaints;
  assert.deepEqual(taintsOf("gpu: { taint: true }"), [taint]);
  assert.deepEqual(taintsOf(""), []);
  assert.deepEqual(taintsOf("gpu: { taint: true }", sampleMachine()), []);
  assert.deepEqual(taintsOf("gpu: { taint: true, mode: off }"), []);
  const own = { ...taint, value: "mine" };
  assert.deepEqual(taintsOf(`node: { taints: [${JSON.stringify(own)}] }\ngpu: { taint: true }`), [own]);
});

test("kube-reserved CPU is EKS's: 6 %, 1 %, twice 0.5 %, then 0.25 % of each core", () => {
  const figures = [1, 2, 3, 4, 8, 30, 96].map(reservedCpuMillicores);
  assert.deepEqual(figures, [60, 70, 75, 80, 90, 145, 310]);
});

test("a core that adds a half millicore is rounded down, as EKS does", () => {
  assert.equal(reservedCpuMillicores(5), 82);
});

test("kube-reserved memory is 11 MiB for each pod and 255 MiB", () => {
  assert.deepEqual([reservedMemoryMebibytes(110), reservedMemoryMebibytes(30)], [1465, 585]);
});

test("the user's configuration is merged over the agent's, table by table", () => {
  const { config } = render(
    'kubelet: { config: { evictionHard: { "memory.available": 1Gi }, serializeImagePulls: true } }',
  );
  assert.deepEqual(config.evictionHard, {
    "memory.available": "1Gi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
  });
  assert.equal(config.serializeImagePulls, true);
});

test("keys are sorted, wherever they come from, so that a reordered configuration restarts nothing", () => {
  const one = render("kubelet: { config: { systemReserved: { cpu: 1, memory: 1Gi }, podPidsLimit: 100 } }").text;
  const other = render("kubelet: { config: { podPidsLimit: 100, systemReserved: { memory: 1Gi, cpu: 1 } } }").text;
  assert.equal(one, other);
});

test("failCgroupV1 is set to false on cgroup v1 alone, and only where kubelet knows it", () => {
  const v1 = sampleMachine({ cgroupVersion: 1 });
  assert.equal(render("", v1, "1.34.4").config.failCgroupV1, false);
  assert.equal(render("", v1, "1.31.0").config.failCgroupV1, false);
  assert.equal("failCgroupV1" in render("", v1, "1.30.9").config, false);
  assert.equal("failCgroupV1" in render("", sampleMachine(), "1.35.0").config, false);
});

test("pods get the real name servers where systemd-resolved has a stub", () => {
  assert.equal(render().config.resolvConf, "/run/systemd/resolve/resolv.conf");
  assert.equal(render("", sampleMachine({ hasSystemdResolved: false })).config.resolvConf, "/etc/resolv.conf");
});

test("the provider id is of a scheme that AWS's cloud controller leaves alone", () => {
  assert.equal(render("node: { name: lab-7 }").config.providerID, "eks-hybrid:///us-west-2/demo/lab-7");
});
