// The example of user data, through the real cloud-init: a machine that was only launched becomes a node, and stays one.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { down } from "../sandbox/down.ts";
import { awsCaPath } from "../sandbox/machine-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { ReleaseMirror } from "./release-mirror.ts";

const FOLDER = join(cacheFolder(), "cloud-init-sandbox");
const EXAMPLE = join(import.meta.dirname, "../../packaging/cloud-init.example.yaml");
const SCRIPT_URL = "https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/install.sh";
const VERSION = "0.1.0";
const SEED = "/var/lib/cloud/seed/nocloud";

let sandbox: Sandbox;
let mirror: ReleaseMirror;
before(async () => {
  await down(FOLDER);
  mirror = await ReleaseMirror.create([VERSION]);
  await mirror.setLatest(VERSION);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  await sh(
    "apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends cloud-init >/dev/null",
  );
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

const sh = async (script: string) =>
  (await sandbox.box(["/bin/sh", "-ec", script], { timeoutMs: 180_000 })).stdout.trim();
const write = (path: string, content: string) =>
  sandbox.box(["/bin/sh", "-ec", `mkdir -p "$(dirname ${path})" && cat > ${path}`], { input: content });

/** The example with its placeholders filled in; each of them must be there. */
async function fillIn(url: string): Promise<string> {
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const placeholders: readonly (readonly [string, string])[] = [
    [SCRIPT_URL, `${url}/install.sh`],
    ["my-cluster", clusterName],
    ["arn:aws:iam::111122223333:role/eks-satellite-node", roleArn],
    ["AKIAEXAMPLE", accessKeyId],
    ["secret-access-key", secretAccessKey],
    ["gpu-1", nodeName],
  ];
  return placeholders.reduce(
    (text, [placeholder, ours]) => {
      assert.ok(text.includes(placeholder), placeholder);
      return text.replaceAll(placeholder, ours);
    },
    await readFile(EXAMPLE, "utf8"),
  );
}

test("a machine launched with the example's user data is a node without anybody's help", async () => {
  const url = await mirror.listen(sandbox.addresses.uplink.host);
  await write(`${SEED}/user-data`, await fillIn(url));
  await write(`${SEED}/meta-data`, "instance-id: launched-1\n");
  assert.match(await sh(`cloud-init schema --config-file ${SEED}/user-data 2>&1`), /Valid/i);
  // What is the sandbox's: its own network, where releases are, and what an image's maker would have laid there.
  await write(
    "/etc/cloud/cloud.cfg.d/99-sandbox.cfg",
    "datasource_list: [NoCloud]\nnetwork: { config: disabled }\nlocale: false\n",
  );
  const base = `[Manager]\nDefaultEnvironment=EKS_SATELLITE_BASE_URL=${url}\n`;
  await write("/etc/systemd/system.conf.d/releases.conf", base);
  await write("/etc/eks-satellite/environment", `NODE_EXTRA_CA_CERTS=${awsCaPath}\n`);
  const runtime = { plugins: { "io.containerd.grpc.v1.cri": { restrict_oom_score_adj: true } } };
  const particular = { node: { ip: sandbox.addresses.node }, containerd: { config: runtime } };
  await write("/etc/eks-satellite/config.yaml", stringify(particular));

  await sandbox.reboot();
  const ended = await waitFor({ what: "cloud-init to end", deadlineMs: 180_000, explain: () => log() }, async () => {
    const { stdout } = await sandbox.box(["cloud-init", "status", "--long"], { mayFail: true });
    return /^status: (done|error)/m.test(stdout) ? stdout : undefined;
  });
  assert.match(
    ended,
    /^status: done/m,
    `${ended}\n${await sh("cat /run/cloud-init/status.json /run/cloud-init/result.json 2>/dev/null; true")}\n${await log()}`,
  );
  await sandbox.waitForNode();
  assert.match(await log(), /● ready Node satellite-1 is Ready/);
  assert.equal(await sh("ls /root/eks-satellite-keys 2>/dev/null || true"), "");
  assert.equal(await sh("stat --format=%a:%U /etc/eks-satellite/credentials"), "600:root");
  const secrets = await sh(`grep -l '${sandbox.facts.secretAccessKey}' /var/log/cloud-init*.log || true`);
  assert.equal(secrets, "", "no key is in cloud-init's logs");
});

test("after a reboot cloud-init does nothing of it again, and the node is back", async () => {
  const installed = await sh("stat --format=%Y /opt/eks-satellite/bin/node");
  await sandbox.reboot();
  await sandbox.waitForNode();
  assert.equal(await sh("stat --format=%Y /opt/eks-satellite/bin/node"), installed);
});

const log = () => sh("cat /var/log/cloud-init-output.log | tail -60");
