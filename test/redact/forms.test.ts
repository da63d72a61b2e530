// Each form in which a secret has been found, and what is no secret.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../agent/redact/redactor.ts";
import { assertFast, FLOODS } from "../fakes/floods.ts";
import { FORMS } from "./forms.ts";

for (const [name, text, gone, stays] of FORMS)
  test(`${name} does not stay, and what stands around it does`, () => {
    const safe = createRedactor([]).text(text);
    for (const part of gone) assert.ok(!safe.includes(part), `${part} is in ${safe}`);
    assert.match(safe, stays);
    assert.equal(createRedactor([]).text(safe), safe, "what is redacted stays as it is");
  });

test("names, addresses, digests and sentences stay", () => {
  const lines = [
    "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/joe@example.com",
    "arn:aws:iam::123456789012:role/teams/Platform/EksSatelliteNodeRoleForProduction2026",
    "arn:aws:rolesanywhere:us-west-2:123456789012:trust-anchor/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "docker://registry.example.com:5000/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "https://0123456789ABCDEF0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com/api/v1/nodes/gpu-1?timeout=10s",
    "pod kube-system/nvidia-device-plugin-daemonset-x7k2p (uid 3f0c7c0e-8a5e-4a71-9f0e-1d2c3b4a5968)",
    "GPU-8f6f9e0c-5d3a-4c1b-9a7e-2b1c0d9e8f7a 0000:18:00.0 NVIDIA H100 80GB HBM3",
    "/var/lib/kubelet/pods/3f0c7c0e-8a5e-4a71-9f0e-1d2c3b4a5968/volumes/kubernetes.io~projected/kube-api-access-abcde",
    "/usr/lib/x86_64-linux-gnu/gstreamer1.0/GStreamerPluginsBaseForVideo4Linux2/libX11",
    "NVIDIA-H100-80GB-HBM3-MIG-1g-10gb of Standard_NC24ads_A100_v4_and_more_x9",
    "eksctl-demo-nodegroup-ng-1-NodeInstanceRole-1A2B3C4D5E6F",
    "io.containerd.grpc.v1.cri: KubeletHasSufficientMemoryAndNoDiskPressureOnNode1",
    'E0102 03:04:05.000001 1 reflector.go:205] "Failed to watch" err="failed to list *v1.Node: Unauthorized" reflector="k8s.io/client-go@v0.34.4/tools/cache/reflector.go:290"',
    "systemctl status containerd; journalctl -u containerd -n 50 → eks-satellite check --only credentials",
    "the token of kubelet ends in 12 minutes; the password authentication is off",
    "git@github.com:example/repository.git, mailto:joe@example.com, joe@example.com",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\nRTESMBAGA1UE\n-----END CERTIFICATE-----\nnext",
    `certificate-authority-data: ${Buffer.from("-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n").toString("base64")}`,
    "HTTPS_PROXY=http://proxy.example.com:3128 NO_PROXY=10.0.0.0/8,.eks.amazonaws.com",
  ];
  const redactor = createRedactor([]);
  assert.deepEqual(lines.map(redactor.text), lines);
  assert.equal(redactor.count, 0);
});

test("a known secret is found in hexadecimal, and where it is broken over lines", () => {
  const value = "correct-horse-battery-staple-0123";
  const { text } = createRedactor([{ name: "known", value }]);
  const base64 = Buffer.from(`user:${value}`).toString("base64");
  for (const written of [
    Buffer.from(value).toString("hex"),
    `${value.slice(0, 12)}\n${value.slice(12)}`,
    `${value.slice(0, 12)} ⏎ ${value.slice(12)}`,
    `${base64.slice(0, 20)}\n  ${base64.slice(20)}`,
    encodeURIComponent(encodeURIComponent(value)),
  ]) {
    const safe = text(`before ${written} after`);
    assert.match(safe, /^before .*\[redacted: [\w ]+\].* after$/s, written);
    assert.ok(!safe.includes(written.slice(-10)), safe);
  }
});

test("in a document the value of a pair whose name names a secret goes too", () => {
  const { tree } = createRedactor([]);
  assert.deepEqual(
    tree({
      env: [
        { name: "DB_PASSWORD", value: "x" },
        { name: "LANG", value: "C" },
      ],
    }),
    {
      env: [
        { name: "DB_PASSWORD", value: "[redacted: value]" },
        { name: "LANG", value: "C" },
      ],
    },
  );
});

test("a line of a program is cut before it is looked at", () => {
  const safe = createRedactor([]).text(`${"x".repeat(20_000)} password=hunter2`);
  assert.match(safe, /^x{16384}… and 3633 more characters$/);
});

for (const [name, flood] of FLOODS)
  test(`1 MB of ${name} costs no time, on one line and on many`, () => {
    const { text } = createRedactor([{ name: "known", value: "0123456789abcdefghijklmnop" }]);
    assertFast(() => text(flood));
    assertFast(() => text(`token="${flood}`));
    assertFast(() => text(flood.slice(0, 2 ** 17).replaceAll(/.{100}/gs, "$&\n")), 1000);
  });
