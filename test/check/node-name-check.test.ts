import assert from "node:assert/strict";
import { test } from "node:test";
import { writeNodeRecord } from "../../agent/config/node-record.ts";
import { CONFIG_FILE, setUpCheck } from "../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

const RECORD = { name: "gpu-1", hostname: "GPU-1", providerId: "eks-hybrid:///us-west-2/demo/gpu-1" };

test("before the first join, and while the host name stays, there is nothing to say", async () => {
  const { host, find } = setUpCheck();
  assert.deepEqual(await find("node-name").then(({ outcome }) => outcome), "ok");
  await writeNodeRecord(host, "/var/lib/eks-satellite", RECORD);
  assert.equal((await find("node-name")).evidence, "gpu-1, by the host name");
});

test("another host name than at the first join is a warning with the two ways out", async () => {
  const { host, find } = setUpCheck();
  await writeNodeRecord(host, "/var/lib/eks-satellite", RECORD);
  host.system = { ...host.system, hostname: "renamed-by-dhcp" };
  const { outcome, evidence, remedy } = await find("node-name");
  assert.equal(outcome, "warn");
  assert.match(evidence, /was GPU-1 at the first join and is renamed-by-dhcp now; this machine stays Node gpu-1/);
  assert.match(remedy ?? "", /node\.name: gpu-1 .*eks-satellite reset/);
});

test("a node that the configuration names is the one that it names", async () => {
  const { host, find } = setUpCheck();
  await writeNodeRecord(host, "/var/lib/eks-satellite", RECORD);
  host.system = { ...host.system, hostname: "renamed-by-dhcp" };
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}node: { name: gpu-1 }\n`);
  assert.equal((await find("node-name")).evidence, "gpu-1, as the configuration says");
});
