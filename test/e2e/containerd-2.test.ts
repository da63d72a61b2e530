// The other generation of containerd, whose configuration has other tables: the same machine, the same result.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { down } from "../sandbox/down.ts";
import { mirrorAuthority, mirrorUrl } from "../sandbox/registry.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { type UpResult, up } from "../sandbox/up.ts";
import { pushImage, runPod } from "./pulled-image.ts";
import { Satellite } from "./satellite.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";
const MIRROR_CA = "/etc/eks-satellite/pki/mirror-ca.pem";
const folder = join(cacheFolder(), "e2e-containerd-2-sandbox");
let result: UpResult;
let sandbox: Sandbox;
before(async () => {
  result = await up({ folder, containerd: "2.2.0", registry: true });
  sandbox = result.sandbox;
});
after(() => down(folder));

const readConfig = async () => (await sandbox.box(["cat", CONFIG])).stdout;

test("the node is Ready on containerd 2.2.0, and its page, logs and exec answer", async () => {
  assert.deepEqual(
    result.checks.filter(({ ok }) => !ok),
    [],
  );
  const { nodeInfo } = (await sandbox.node()).status ?? {};
  assert.equal(nodeInfo?.containerRuntimeVersion, "containerd://2.2.0");
  // It deprecates cgroup v1, which is news and no fault of the node's.
  await new Satellite(sandbox, await readConfig()).untilHealthy();
});

test("its configuration has version 3, CRI enabled, and says again what it said before when it is merged once more", async () => {
  const { stdout: text } = await sandbox.box(["cat", "/etc/containerd/config.toml"]);
  assert.match(text, /^version = 3$/m);
  assert.match(text, /^disabled_plugins = \[ *\]$/m);
  assert.match(text, /io\.containerd\.cri\.v1\.runtime/);
  const { stdout, exitCode } = await sandbox.box(["eks-satellite", "plan"], { mayFail: true });
  assert.equal(exitCode, 0, stdout);
});

test("a mirror of docker.io is asked: its file is in the one folder that containerd 2 looks in", async () => {
  const satellite = new Satellite(sandbox, await readConfig());
  await pushImage(sandbox, "library/mirrored:1", "mirrored\n");
  await satellite.box("mkdir", "-p", "/etc/eks-satellite/pki");
  await satellite.write(MIRROR_CA, await readFile(mirrorAuthority(folder), "utf8"));
  const mirror = { url: mirrorUrl(sandbox.addresses), ca: MIRROR_CA };
  await satellite.configure({ containerd: { registries: { "docker.io": { mirrors: [mirror] } } } });
  await satellite.untilReason("ImagePullsConfigured", "Configured", 90_000);
  await runPod(sandbox, "mirrored", "docker.io/library/mirrored:1");
});
