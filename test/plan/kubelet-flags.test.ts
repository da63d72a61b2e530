import assert from "node:assert/strict";
import { test } from "node:test";
import { renderKubeletFlags } from "../../agent/plan/kubelet-flags.ts";
import { FARGATE_NAME, fargateConfig, sampleConfig, sampleMachine } from "../fakes/samples.ts";

const render = (yaml = "", machine = sampleMachine(), family: "ipv4" | "ipv6" = "ipv4") =>
  renderKubeletFlags(sampleConfig(yaml), machine, family);

test("there is no cloud provider: with external the Node would keep its taint for ever", () => {
  assert.ok(render().includes("--cloud-provider="));
});

test("the node's address is the configured one, else the machine's of the cluster's family", () => {
  const machine = sampleMachine({ primaryIpv6: "2001:db8::1" });
  assert.ok(render("node: { ip: 198.51.100.1 }").includes("--node-ip=198.51.100.1"));
  assert.ok(render("", machine).includes("--node-ip=192.0.2.10"));
  assert.ok(render("", machine, "ipv6").includes("--node-ip=2001:db8::1"));
});

test("a machine without an address of the cluster's family leaves the choice to kubelet", () => {
  assert.ok(!render("", sampleMachine(), "ipv6").some((flag) => flag.startsWith("--node-ip")));
});

test("a machine with a GPU registers with NVIDIA's label, unless it says otherwise itself or GPUs are off", () => {
  const labelsOf = (yaml: string) =>
    render(yaml, sampleMachine({ hasGpu: true })).find((flag) => flag.startsWith("--node-labels="));
  assert.equal(
    labelsOf(""),
    "--node-labels=eks.amazonaws.com/compute-type=hybrid,nvidia.com/gpu.present=true,topology.kubernetes.io/zone=satellite-gpu-1",
  );
  assert.match(labelsOf('node: { labels: { nvidia.com/gpu.present: "false" } }') ?? "", /gpu\.present=false,/);
  assert.doesNotMatch(labelsOf("gpu: { mode: off }") ?? "", /nvidia/);
  assert.doesNotMatch(render("gpu: { mode: required }").join(), /nvidia/, "and one without has none");
});

test("labels are sorted, and the compute type cannot be taken away", () => {
  const labels = render('node: { labels: { b: "2", a: "1", eks.amazonaws.com/compute-type: auto } }').find((flag) =>
    flag.startsWith("--node-labels="),
  );
  assert.equal(
    labels,
    "--node-labels=a=1,b=2,eks.amazonaws.com/compute-type=hybrid,topology.kubernetes.io/zone=satellite-gpu-1",
  );
});

test("a machine is a zone of its own, unless it says which one it is in, or none", () => {
  const zoneOf = (yaml: string) =>
    render(yaml)
      .find((flag) => flag.startsWith("--node-labels="))
      ?.split(/[=,]/)
      .flatMap((word, index, words) => (word === "topology.kubernetes.io/zone" ? [words[index + 1]] : []))
      .join();
  assert.equal(zoneOf(""), "satellite-gpu-1");
  assert.equal(zoneOf("node: { zone: lambda-us-east-1 }"), "lambda-us-east-1");
  assert.equal(zoneOf("node: { zone: none }"), "");
  assert.equal(zoneOf("node: { labels: { topology.kubernetes.io/zone: rack-7 } }"), "rack-7");
  assert.equal(
    zoneOf(`node: { name: ${"a".repeat(52)}-${"b".repeat(10)} }`),
    `satellite-${"a".repeat(52)}`,
    "63 characters, none a dash at the end",
  );
});

test("a fargate node registers under its own name, with Fargate's label and one that its own nodes lack", () => {
  const flags = renderKubeletFlags(fargateConfig(), sampleMachine(), "ipv4");
  assert.ok(flags.includes(`--hostname-override=${FARGATE_NAME}`));
  const labels = flags.find((flag) => flag.startsWith("--node-labels=")) ?? "";
  assert.match(labels, /=eks-satellite\.io\/identity=fargate,eks\.amazonaws\.com\/compute-type=fargate,/);
});

test("the user's flags come last, in the order of their names", () => {
  const flags = render("kubelet: { flags: { v: 4, max-open-files: 5, allow: true } }");
  assert.deepEqual(flags.slice(-3), ["--allow=true", "--max-open-files=5", "--v=4"]);
});

test("ECR's provider is passed with its folder while it exists", () => {
  assert.ok(!render().some((flag) => flag.includes("image-credential-provider")));
  const flags = render(
    "imageCredentialProvider: { path: /opt/ecr/bin/ecr-credential-provider }",
    sampleMachine({ hasEcrCredentialProvider: true }),
  );
  assert.ok(flags.includes("--image-credential-provider-bin-dir=/opt/ecr/bin"));
});
