import assert from "node:assert/strict";
import { test } from "node:test";
import { planProvisioning } from "../../agent/install/plan-provisioning.ts";
import { FOLDER, KUBELET, PROVIDER, setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { sampleConfig } from "../fakes/samples.ts";

async function plan(
  { host }: Pick<ReturnType<typeof setUpArtifacts>, "host">,
  config = "",
  clusterVersion: string | undefined = "1.34",
) {
  const unknown: unknown[] = [];
  const installs = await planProvisioning(host, sampleConfig(config), { clusterVersion, unknown });
  return { unknown, lines: installs.map(({ action, resource }) => `${action} ${resource}`), installs };
}

function installAll({ files }: ReturnType<typeof setUpArtifacts>["host"], version: string) {
  for (const program of ["containerd", "runc", "iptables", "conntrack", "socat"])
    files.put(`/usr/bin/${program}`, "ELF");
  files.put(PROVIDER, "ELF");
  files.put("/opt/cni/bin/loopback", "ELF");
  files.put(`${FOLDER}/kubelet/${version}/kubelet`, "ELF");
  files.putLink(KUBELET, `${FOLDER}/kubelet/${version}/kubelet`);
}

test("on an empty machine every package and artifact would be installed", async () => {
  const { lines, unknown } = await plan(setUpArtifacts(["1.34.4"]));
  assert.deepEqual(unknown, []);
  assert.deepEqual(lines, [
    ...["containerd", "runc", "iptables", "conntrack", "socat"].map((name) => `install package:${name}`),
    ...[KUBELET, PROVIDER, "/opt/cni/bin/loopback"].map((path) => `download artifact:${path}`),
  ]);
});

test("nothing is planned where the configuration forbids it, or everything is installed", async () => {
  const off = "artifacts: { install: never }\ndependencies: { install: never }";
  assert.deepEqual((await plan(setUpArtifacts(["1.34.4"]), off)).lines, []);
  const complete = setUpArtifacts(["1.34.4"]);
  installAll(complete.host, "1.34.4");
  assert.deepEqual((await plan(complete)).lines, []);
});

test("kubelet.upgrade: auto plans the version that would replace the installed one", async () => {
  const machine = setUpArtifacts(["1.33.13", "1.34.4"]);
  installAll(machine.host, "1.33.13");
  const { installs } = await plan(machine, "kubelet: { upgrade: auto }");
  assert.deepEqual(
    installs.map(({ why }) => why),
    ["kubelet 1.34.4 in place of 1.33.13"],
  );
});

test("a version that does not fit, or a mirror that does not answer, is unknown", async () => {
  const machine = setUpArtifacts(["1.34.4"]);
  installAll(machine.host, "1.34.4");
  const skewed = await plan(machine, "kubelet: { version: 1.29.0 }");
  assert.deepEqual(
    skewed.unknown.map((error) => (error as { code: string }).code),
    ["version-skew"],
  );
  machine.host.onFetch = () => ({ status: 503, body: "" });
  const away = await plan(machine, "kubelet: { version: 1.33.0 }");
  assert.deepEqual(
    away.unknown.map((error) => (error as { code: string }).code),
    ["artifact-unreachable"],
  );
});
