import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleCommand } from "../../agent/commands/bundle.ts";
import { LAST_GOOD_CONFIG_PATH } from "../../agent/config/load.ts";
import { CONFIG_FILE, setUpCheck } from "../fakes/check-machine.ts";
import type { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS_FILE, MINIMAL_CONFIG } from "../fakes/samples.ts";

const OUTPUT = "/root/bundle.tar.gz";
const PEM_LINE = "MHcCAQEEIPVnPlantedPlantedPlantedPlantedPlanted0123";
/** A secret in each place that may hold one. None occurs in any other text. */
const PLANTED = {
  keysFile: "wJalrPlantedKeysFile/bPxRfiCY",
  sessionSecret: "plantedSessionSecretAccessKey",
  sessionToken: "IQoJplantedSessionToken//////",
  kubeletToken: "k8s-aws-v1.plantedKubeletTokenplantedKubeletToken",
  proxyPassword: "plantedProxyPassword",
  environment: "plantedEnvironmentSecret",
  processArgument: "plantedProcessArgument",
  oldProcessArgument: "plantedOldProcessArgument",
  configComment: "plantedConfigComment",
  containerdPassword: "plantedContainerdPassword",
  containerdAuth: "cGxhbnRlZDpwbGFudGVk",
  kubeconfigToken: "plantedKubeconfigToken",
  servingKey: PEM_LINE,
  journalBearer: "plantedJournalBearer.0123",
  journalSignature: "plantedjournalsignature0a1b2c",
  kernelPassword: "plantedKernelPassword",
  serialNumber: "PLANTEDSERIAL0123",
} as const;

/** What an archive is made from, while it is made. */
const staged = (host: MemoryHost) => host.files.paths().filter((path) => path.includes("/.eks-satellite-"));

function setUp(signals?: { readonly stopSignal: AbortSignal }) {
  const world = setUpCheck();
  const { host } = world;
  const { files } = host;
  files.putFolder("/root");
  files.put("/etc/eks-satellite/aws-keys", KEYS_FILE.replace(/(SECRET_ACCESS_KEY=).*/, `$1${PLANTED.keysFile}`), {
    mode: 0o600,
  });
  files.put(
    "/run/eks-satellite/aws-credentials",
    `[default]\naws_access_key_id = ASIAPLANTEDPLANTED01\naws_secret_access_key = ${PLANTED.sessionSecret}\naws_session_token = ${PLANTED.sessionToken}\n`,
  );
  files.put("/run/eks-satellite/kubelet-token", PLANTED.kubeletToken);
  files.put(
    "/etc/eks-satellite/environment",
    `HTTPS_PROXY=http://joe:${PLANTED.proxyPassword}@proxy:3128\nMY_THING=${PLANTED.environment}\nNO_PROXY=localhost\n`,
  );
  files.put(CONFIG_FILE, `${MINIMAL_CONFIG}# yesterday: ${PLANTED.configComment}\n`);
  files.put(
    LAST_GOOD_CONFIG_PATH,
    `cluster: { name: demo, region: us-west-2 }\ncredentials: { process: [/usr/bin/vault, --secret-id, ${PLANTED.oldProcessArgument}] }\n`,
  );
  files.put(
    "/etc/containerd/config.toml",
    `version = 2\n[plugins.cri.registry.configs."r".auth]\nusername = "joe"\npassword = "${PLANTED.containerdPassword}"\nauth = "${PLANTED.containerdAuth}"\n`,
  );
  files.put("/var/lib/kubelet/kubeconfig", `users: [{ name: node, user: { token: ${PLANTED.kubeconfigToken} } }]\n`);
  files.put(
    "/var/lib/kubelet/pki/kubelet-server-current.pem",
    `-----BEGIN EC PRIVATE KEY-----\n${PEM_LINE}\n-----END EC PRIVATE KEY-----\n`,
  );
  const journal = [
    "kubelet: pod web is running",
    `Authorization: Bearer ${PLANTED.journalBearer}`,
    `GET https://sts/?X-Amz-Signature=${PLANTED.journalSignature}&X-Amz-Date=1`,
    // What another program lets slip, in spellings of its own.
    `secret ${encodeURIComponent(PLANTED.keysFile)} of ${PLANTED.sessionToken} and ${PEM_LINE}`,
    Buffer.from(`joe:${PLANTED.proxyPassword}`).toString("base64"),
  ];
  const kernel = [
    "NVRM: Xid (PCI:0000:17:00): 79",
    "usb 1-1: new device",
    `oom-kill: mysqld --password=${PLANTED.kernelPassword}`,
  ];
  host.install("journalctl", (args) => ({ stdout: (args.includes("--dmesg") ? kernel : journal).join("\n") }));
  for (const program of ["systemctl", "ctr", "find", "df", "free", "timedatectl", "ip", "ss"])
    host.install(program, () => ({ stdout: `${program} says so` }));
  /** What tar was given, by path within the bundle. */
  const disk = { name: "nvme0n1", size: 1e12, model: "SSD", serial: PLANTED.serialNumber, uuid: PLANTED.serialNumber };
  host.install("/bin/node", (args) => ({ stdout: args.at(-1) === "disks" ? JSON.stringify([disk]) : "" }));
  const packed = new Map<string, string>();
  host.install("tar", (args) => {
    const folder = args.find((arg) => arg.startsWith("--directory="))?.slice("--directory=".length) ?? "";
    for (const path of files.paths().filter((path) => path.startsWith(`${folder}/`)))
      packed.set(path.slice(folder.length + 1).replace(/^[^/]+\//, ""), files.peek(path)?.content ?? "");
    files.put(`${folder}/archive`, "the archive");
    return {};
  });
  const said: string[] = [];
  const run = (output = OUTPUT, withoutPodLogs = false) =>
    bundleCommand(
      { host, environment: {}, program: ["/bin/node", "/p.mjs"], aws: world.aws, ...(signals && { signals }) },
      { config: CONFIG_FILE, output, since: "24 hours ago", withoutPodLogs },
      (text) => void said.push(text),
    );
  return { ...world, packed, run, said };
}

test("no planted secret is in any file of the bundle", async () => {
  const { run, packed, said } = setUp();
  await run();
  assert.ok(packed.size > 25, `${packed.size} files`);
  for (const [path, text] of packed)
    for (const [where, secret] of Object.entries(PLANTED))
      assert.ok(!text.includes(secret), `${path} has the secret of ${where}`);
  for (const [path, text] of packed)
    assert.ok(!text.includes(Buffer.from(`joe:${PLANTED.proxyPassword}`).toString("base64")), path);
  assert.match(said.join(""), /^\/root\/bundle\.tar\.gz: \d+ files, [1-9]\d* secrets removed/);
});

test("the text around the secrets is kept", async () => {
  const { run, packed } = setUp();
  await run();
  const of = (path: string) => packed.get(path) ?? "";
  assert.match(
    of("journal/eks-satellite.txt"),
    /kubelet: pod web is running\nAuthorization: \[redacted: .*X-Amz-Date=1/s,
  );
  assert.equal(of("journal/kernel.txt").split("\n").length, 3, "GPUs and oom, and no USB");
  assert.match(of("check.txt"), /✓ os /);
  assert.match(of("config/config.yaml"), /name: demo/);
  assert.match(of("config/config.last-good.yaml"), /\/usr\/bin\/vault\n\s+- 2 arguments, left out/);
  assert.match(
    of("config/environment"),
    /^HTTPS_PROXY=http:\/\/\[redacted: .*\]@proxy:3128\nMY_THING=\(left out\)\nNO_PROXY=localhost\n$/,
  );
  assert.match(of("node/containerd.yaml"), /username: joe\n\s+password: "?\[redacted: /);
  assert.match(of("machine/hardware.txt"), /^disk {6}nvme0n1 1000 GB SSD\n[\s\S]*^cpu: not known: /m);
  assert.match(of("status.txt"), /the daemon does not answer on/);
  assert.match(of("machine/gpus.txt"), /^not collected: nvidia-smi could not be started/);
  assert.match(
    of("README.txt"),
    /^A bundle of eks-satellite .*journal\/eks-satellite\.txt +the journal of eks-satellite/s,
  );
});

test("the archive appears as a whole, readable by root only, and the staging folder is removed", async () => {
  const { host, run } = setUp();
  await run();
  assert.equal(host.files.peek(OUTPUT)?.mode, 0o600);
  assert.deepEqual(staged(host), []);
});

test("a name that is taken, be it by a link, is not replaced, and nothing is drafted beside it", async () => {
  const { host, run } = setUp();
  host.files.putLink(OUTPUT, "/etc/shadow");
  host.files.put("/etc/shadow", "root:x");
  await assert.rejects(run(), { code: "file-exists" });
  assert.equal(host.files.peek("/etc/shadow")?.content, "root:x");
  assert.deepEqual(
    host.files.changes.filter((change) => change.includes("/root/")),
    [],
  );
});

test("a secret across the cut of a long text does not stay", async () => {
  const { host, run, packed } = setUp();
  const key = Array.from(
    { length: 20 },
    (_, line) => `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c${10 + line}`,
  );
  const pem = ["-----BEGIN PRIVATE KEY-----", ...key, "-----END PRIVATE KEY-----"].join("\n");
  const filler = "a line of the log\n".repeat(Math.ceil((8 * 2 ** 20 - 800) / 18));
  host.install("df", () => ({ stdout: `${"first\n".repeat(1000)}${pem}\n${filler}` }));
  await run();
  const text = packed.get("machine/disks.txt") ?? "";
  assert.ok(text.length <= 8 * 2 ** 20 + 100);
  for (const line of key) assert.ok(!text.includes(line.slice(-20)));
});

test("without the logs of pods, kubelet's and containerd's lines are left out", async () => {
  const { run, packed } = setUp();
  await run(OUTPUT, true);
  assert.equal(packed.get("journal/containerd.txt"), undefined);
  assert.doesNotMatch(packed.get("journal/eks-satellite.txt") ?? "", /pod web is running/);
  assert.match(packed.get("journal/eks-satellite.txt") ?? "", /X-Amz-Date=1/);
  assert.match(packed.get("README.txt") ?? "", /without kubelet's lines/);
});

test("a tar that fails leaves no archive, and says what to check", async () => {
  const { host, run } = setUp();
  host.install("tar", () => ({ exitCode: 2, stderr: "No space left on device" }));
  await assert.rejects(run(), { code: "bundle-failed", message: /No space left/, hint: /--output/ });
  assert.equal(host.files.peek(OUTPUT), undefined);
  assert.deepEqual(staged(host), []);
});

test("a folder that does not exist is refused before anything is written", async () => {
  const { host, run } = setUp();
  await assert.rejects(run("/rot/bundle.tar.gz"), { code: "bundle-failed", message: /no folder \/rot/ });
  assert.ok(!host.files.changes.some((change) => change.includes("/rot")));
});

test("a configuration that is not YAML is left out: as plain text it might show a secret", async () => {
  const { host, run, packed } = setUp();
  host.files.put(CONFIG_FILE, `credentials: { process: [vault, ${PLANTED.processArgument}\n`);
  await run();
  assert.match(packed.get("config/config.yaml") ?? "", /is left out, since it cannot be parsed/);
  for (const [path, text] of packed) assert.ok(!text.includes(PLANTED.processArgument), path);
});

test("a signal while the archive is made leaves neither the archive nor drafts", async () => {
  const stop = new AbortController();
  const { host, run } = setUp({ stopSignal: stop.signal });
  host.install("tar", () => {
    stop.abort();
    return { exitCode: 128 };
  });
  await assert.rejects(run(), { code: "interrupted", message: `interrupted before ${OUTPUT} was written` });
  const left = host.files.paths().filter((path) => path.startsWith("/var/tmp/") || path === OUTPUT);
  assert.deepEqual(left, []);
});

test("only root can create a bundle", async () => {
  const { host, run } = setUp();
  host.userId = 1000;
  await assert.rejects(run(), { code: "not-root", hint: /sudo/ });
});

test("an item that hangs is abandoned after half a minute, and the others are kept", async () => {
  const { host, run, packed } = setUp();
  host.install("ctr", () => new Promise(() => undefined));
  host.unkillable.add("ctr");
  const running = run();
  await host.clock.advance(30_000);
  await running;
  assert.match(packed.get("node/containers.txt") ?? "", /no answer in 30 s/);
  assert.match(packed.get("machine/disks.txt") ?? "", /df says so/);
});
