import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";
import { becomeGpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";

const BINARY = "/usr/bin/nvidia-container-runtime";
const RUNTIME = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
BinaryName = "${BINARY}"
`;

async function findWith(prepare: (host: ReturnType<typeof setUpCheck>["host"]) => void) {
  const { host, find } = setUpCheck();
  prepare(host);
  return find("gpu-runtime");
}

test("without GPUs there is nothing to configure", async () => {
  const { outcome, evidence } = await findWith(() => undefined);
  assert.deepEqual([outcome, evidence], ["ok", "no NVIDIA GPU on the PCI bus"]);
});

test("GPUs without NVIDIA's toolkit are a failure with what to install", async () => {
  const { outcome, remedy } = await findWith((host) => becomeGpuMachine(host, readGpuMachine("a10")));
  assert.equal(outcome, "fail");
  assert.match(remedy ?? "", /apt-get install nvidia-container-toolkit/);
});

test("a toolkit that containerd does not know yet is a warning", async () => {
  const { outcome, evidence } = await findWith((host) => {
    becomeGpuMachine(host, readGpuMachine("a10"));
    host.files.put(BINARY, "", { mode: 0o755 });
  });
  assert.equal(outcome, "warn");
  assert.match(evidence, /containerd has no runtime nvidia yet/);
});

test("a runtime and a CDI specification are ok", async () => {
  const { outcome, evidence } = await findWith((host) => {
    becomeGpuMachine(host, readGpuMachine("a10"));
    host.files.put(BINARY, "", { mode: 0o755 });
    host.files.put("/etc/containerd/config.toml", RUNTIME);
    host.files.put("/var/run/cdi/nvidia.yaml", "kind: nvidia.com/gpu\n");
  });
  assert.equal(outcome, "ok");
  assert.match(evidence, /runtime class nvidia with .*; CDI specification \/var\/run\/cdi\/nvidia\.yaml/);
});
