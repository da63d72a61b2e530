import assert from "node:assert/strict";
import { test } from "node:test";
import { reportImagePulls } from "../../agent/node/image-pulls.ts";
import { Secret } from "../../agent/secret.ts";
import { containerdFile, sampleConfig } from "../fakes/samples.ts";

const KEYS = { accessKeyId: "ASIA", secretAccessKey: new Secret("s"), sessionToken: new Secret("t") };
const CRI = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n';
const REGISTRIES = "containerd: { registries: { docker.io: {}, r.example.com: {} } }";

function report({ more = "", provider = true, text = CRI, keys = KEYS as object | undefined } = {}) {
  return reportImagePulls(
    sampleConfig(more),
    {
      machine: { hasEcrCredentialProvider: provider },
      containerd: { version: "1.7.27", config: containerdFile(text) },
    },
    keys as Parameters<typeof reportImagePulls>[2],
  );
}

test("with the provider and short-lived keys it is true, and names the configured registries", () => {
  const { status, reason, message } = report();
  assert.deepEqual([status, reason], ["True", "Configured"]);
  assert.doesNotMatch(message, /as configured/);
  const written = `${CRI}config_path = "/etc/containerd/certs.d"\n`;
  assert.match(report({ more: REGISTRIES, text: written }).message, /; docker\.io, r\.example\.com as configured$/);
});

test("a missing provider is false, with the way to get it", () => {
  const { status, reason, message, hint } = report({ provider: false });
  assert.deepEqual([status, reason], ["False", "CredentialProviderMissing"]);
  assert.match(message, /\/etc\/eks\/image-credential-provider\/ecr-credential-provider/);
  assert.match(hint ?? "", /artifacts\.install: auto/);
});

test("mirrors of the older way are false while registries are configured, and of no account otherwise", () => {
  const text = `${CRI}[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n`;
  const { status, reason, message } = report({ more: REGISTRIES, text });
  assert.deepEqual([status, reason], ["False", "RegistriesIgnored"]);
  assert.match(message, /docker\.io, r\.example\.com.*mirrors\."docker\.io"/);
  assert.equal(report({ text }).status, "True");
});

test("before containerd's configuration names them, and before there are keys, nothing is known", () => {
  assert.deepEqual(
    [report({ more: REGISTRIES }).status, report({ more: REGISTRIES }).reason],
    ["Unknown", "Configuring"],
  );
  const { status, reason } = reportImagePulls(
    sampleConfig(),
    { machine: { hasEcrCredentialProvider: true }, containerd: undefined },
    undefined,
  );
  assert.deepEqual([status, reason], ["Unknown", "NoKeys"]);
});

test("long-lived keys, which are written nowhere, are reported with their hint, and do not make it false", () => {
  const { status, reason, hint } = report({ keys: { accessKeyId: "AKIA", secretAccessKey: new Secret("s") } });
  assert.deepEqual([status, reason], ["True", "WithoutEcr"]);
  assert.match(hint ?? "", /sts:GetSessionToken/);
});
