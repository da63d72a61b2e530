// Pulls as pods see them: from ECR with the node's own keys, also after these were renewed, and through a mirror.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { registryName } from "../sandbox/addresses.ts";
import { down } from "../sandbox/down.ts";
import { logPath } from "../sandbox/process.ts";
import { mirrorAuthority, mirrorUrl } from "../sandbox/registry.ts";
import { cacheFolder, nodeName, roleName } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { pushImage, runPod } from "./pulled-image.ts";
import { Satellite } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "images-sandbox");
const SESSION = "/run/eks-satellite/aws-credentials";
const HOSTS = "/etc/containerd/certs.d/docker.io/hosts.toml";
const MIRROR_CA = "/etc/eks-satellite/pki/mirror-ca.pem";
/** kubelet keeps ECR's answer for half of the token's life. */
const TOKEN_SECONDS = 10;

let satellite: Satellite;
before(async () => {
  await down(FOLDER);
  const { sandbox } = await up({ folder: FOLDER, registry: true });
  satellite = new Satellite(sandbox, (await sandbox.box(["cat", "/etc/eks-satellite/config.yaml"])).stdout);
  await sandbox.changeAwsFaults((faults) => ({ ...faults, registryTokenLifetimeSeconds: TOKEN_SECONDS }));
});
after(() => down(FOLDER));

const awsLog = () => readFile(logPath(FOLDER, "aws"), "utf8");
const countTokens = async () => (await awsLog()).match(/^ecr:GetAuthorizationToken .* by .*$/gm)?.length ?? 0;
const registryLog = (name: string) => readFile(logPath(FOLDER, name), "utf8");
const accessKey = async () => /aws_access_key_id = (\w+)/.exec(await satellite.read(SESSION))?.[1];
/** One check's finding. */
const check = async () => {
  const command = ["eks-satellite", "check", "--only", "image-pulls", "--output", "json"];
  const { stdout } = await satellite.sandbox.box(command, { mayFail: true });
  return JSON.parse(stdout).checks[0] as { outcome: string; evidence: string; remedy?: string };
};
const metric = async (labels: string) => {
  const text = await satellite.box("curl", "--silent", "http://127.0.0.1:9911/metrics");
  const line = text.split("\n").find((each) => each.startsWith(`eks_satellite_image_pull_failures_total{${labels}}`));
  return Number(line?.split(" ").at(-1) ?? 0);
};

test("the registry takes ECR's tokens and nobody without one", async () => {
  const status = (...options: string[]) =>
    satellite.box(
      "curl",
      "--silent",
      "--output",
      "/dev/null",
      "--write-out",
      "%{http_code}",
      ...options,
      `https://${registryName}/v2/`,
    );
  assert.equal(await status(), "401");
  assert.equal(await status("--user", "AWS:made-up"), "401");
});

test("a pod pulls from ECR with the node's short-lived keys", async () => {
  await pushImage(satellite.sandbox, "team/first:1", "first\n");
  const before = await countTokens();
  await runPod(satellite.sandbox, "first", `${registryName}/team/first:1`);
  assert.equal(await satellite.sandbox.kubectl(["exec", "first", "--", "cat", "/www/index.html"]), "first");
  assert.ok((await countTokens()) > before);
  const last = (await awsLog()).match(/^ecr:GetAuthorizationToken .*$/gm)?.at(-1);
  assert.ok(last?.endsWith(`assumed-role/${roleName}/${nodeName}`), last);
  assert.match(await registryLog("registry"), /GET \/v2\/team\/first\/blobs\/sha256:[0-9a-f]{64} HTTP\/1\.[01]" 200/);
  assert.equal((await satellite.condition("ImagePullsConfigured")).reason, "Configured");
  const { outcome, evidence } = await check();
  assert.deepEqual([outcome, evidence], ["ok", `${registryName} takes the credentials of ecr-credential-provider`]);
});

test("the keys are renewed and the earlier ones void: another pod pulls", async () => {
  await pushImage(satellite.sandbox, "team/second:1", "second\n");
  const [pid, earlier, tokens] = [await satellite.kubeletPid(), await accessKey(), await countTokens()];
  const now = new Date().toISOString();
  await satellite.sandbox.changeAwsFaults((faults) => ({ ...faults, sessionsExpiredBefore: now }));
  const wait = { what: "other keys for ecr-credential-provider", deadlineMs: 60_000, intervalMs: 250 };
  await waitFor(wait, async () => (await accessKey()) !== earlier);
  await delay(TOKEN_SECONDS * 1000); // The token of before is over, and kubelet's memory of it.
  await runPod(satellite.sandbox, "second", `${registryName}/team/second:1`);
  assert.ok((await countTokens()) > tokens);
  assert.equal(await satellite.kubeletPid(), pid, "kubelet was not restarted for it");
});

test("a role that may not pull is named by check, counted by registry, and leaves the node Ready", async () => {
  const { sandbox } = satellite;
  await pushImage(sandbox, "team/third:1", "third\n");
  await delay(TOKEN_SECONDS * 1000);
  await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: ["ecr:GetAuthorizationToken"] }));
  const failures = await metric(`registry="${registryName}"`);
  const pulling = runPod(sandbox, "third", `${registryName}/team/third:1`);
  await waitFor(
    { what: "the failed pull to be counted", deadlineMs: 30_000 },
    async () => (await metric(`registry="${registryName}"`)) > failures,
  );
  const { outcome, evidence, remedy } = await check();
  assert.equal(outcome, "warn");
  assert.match(evidence, /not authorized to perform: ecr:GetAuthorizationToken/);
  assert.match(remedy ?? "", /^Allow ecr:GetAuthorizationToken, .* to arn:aws:sts::\d+:assumed-role/);
  assert.equal((await satellite.status()).verdict.ready, true);
  await sandbox.changeAwsFaults((faults) => ({ ...faults, denied: [] }));
  await pulling;
});

test("a mirror with a certificate authority of its own gives images of docker.io", async () => {
  const { sandbox } = satellite;
  await pushImage(sandbox, "library/fourth:1", "fourth\n");
  const containerd = await satellite.mainPid("containerd");
  const url = mirrorUrl(sandbox.addresses);
  await satellite.box("mkdir", "-p", "/etc/eks-satellite/pki");
  const mirrored = (changes: object) => ({
    containerd: { registries: { "docker.io": { server: url, mirrors: [{ url, ...changes }], ...changes } } },
  });

  // First without its authority: what the mistake looks like.
  await satellite.configure(mirrored({}));
  await satellite.untilReason("ImagePullsConfigured", "Configured", 90_000);
  assert.notEqual(await satellite.mainPid("containerd"), containerd, "containerd was told where the files are");
  const wrong = await check();
  assert.equal(wrong.outcome, "warn");
  assert.match(wrong.evidence, /^docker\.io: https:.* does not answer \(certificate\)/);

  await satellite.write(MIRROR_CA, await readFile(mirrorAuthority(FOLDER), "utf8"));
  const told = await satellite.mainPid("containerd");
  await satellite.configure(mirrored({ ca: MIRROR_CA }));
  await waitFor({ what: "the mirror's file", deadlineMs: 60_000 }, async () =>
    (await satellite.read(HOSTS)).includes(MIRROR_CA),
  );
  await runPod(sandbox, "fourth", "docker.io/library/fourth:1");
  assert.equal(await sandbox.kubectl(["exec", "fourth", "--", "cat", "/www/index.html"]), "fourth");
  assert.match(await registryLog("registry-mirror"), /GET \/v2\/library\/fourth\/blobs\/sha256:/);
  assert.equal(await satellite.mainPid("containerd"), told, "containerd reads a registry's file without a restart");
  await satellite.untilReason("ImagePullsConfigured", "Configured");
  assert.match((await satellite.condition("ImagePullsConfigured")).message, /; docker\.io as configured$/);
  const { outcome, evidence } = await check();
  assert.equal(outcome, "ok", evidence);
});

test("a registry that is configured no more takes its file along", async () => {
  await satellite.restore();
  const { exitCode } = await satellite.sandbox.box(["test", "-e", HOSTS], { mayFail: true });
  assert.equal(exitCode, 1);
});

test("of kubelet's JSON log a failed pull is counted too, and its error is a notice", async () => {
  const { sandbox } = satellite;
  const image = `${registryName}/team/absent:1`;
  await satellite.configure({ kubelet: { config: { logging: { format: "json" } } } });
  await satellite.untilHealthy();
  const failures = await metric(`registry="${registryName}"`);
  const since = Math.floor(Date.now() / 1000);
  const overrides = JSON.stringify({ spec: { nodeName, hostNetwork: true } });
  await sandbox.kubectl(["run", "absent", `--image=${image}`, "--restart=Never", `--overrides=${overrides}`]);
  await waitFor(
    { what: "the failed pull to be counted", deadlineMs: 30_000 },
    async () => (await metric(`registry="${registryName}"`)) > failures,
  );
  const notices = await satellite.box(
    ...["journalctl", "--unit=eks-satellite", "--priority=notice", "--output=cat", `--since=@${since}`],
  );
  assert.match(notices, /PullImage from image service failed/);
  await sandbox.kubectl(["delete", "pod", "absent", "--force", "--grace-period=0"]);
  await satellite.configure({});
  await satellite.untilHealthy();
});
