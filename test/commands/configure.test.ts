import assert from "node:assert/strict";
import { test } from "node:test";
import { configureCommand } from "../../agent/commands/configure.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const ALL = {
  cluster: "demo",
  region: "us-west-2",
  nodeName: "gpu-1",
  credentialsFile: "/etc/eks-satellite/credentials",
};

function setUp(text?: string, mode = 0o644) {
  const host = new MemoryHost();
  if (text !== undefined) host.files.put(FILE, text, { mode });
  const said: string[] = [];
  const run = (options: object) =>
    configureCommand(host, { config: FILE, dryRun: false, ...options }, (line) => void said.push(line));
  return { host, run, said, text: () => host.files.peek(FILE)?.content ?? "" };
}

test("a file that is not there is made, valid, and says where every key is documented", async () => {
  const { run, text, said, host } = setUp();
  await run({ ...ALL, roleArn: "arn:aws:iam::111122223333:role/satellite" });
  const { cluster, node, credentials } = parseConfig(text(), FILE, "x");
  assert.deepEqual([cluster.name, cluster.region, node.name], ["demo", "us-west-2", "gpu-1"]);
  assert.deepEqual(credentials.assumeRole?.arn, "arn:aws:iam::111122223333:role/satellite");
  assert.match(text(), /^# .*config\.example\.yaml/);
  assert.equal(said.length, 1);
  assert.equal(host.files.peek(FILE)?.mode, 0o644);
});

const EXISTING = `# ours
cluster: { name: demo, region: us-west-2 } # the one
credentials:
  keysFile: /root/keys # not in /etc
kubelet:
  maxPods: 20
`;

test("only what is given is changed; everything else stays, comments and mode too", async () => {
  const { run, text, said, host } = setUp(EXISTING, 0o600);
  await run({ region: "eu-west-1" });
  assert.equal(text(), EXISTING.replace("us-west-2", "eu-west-1"));
  assert.deepEqual(said, [`${FILE}: cluster.region: us-west-2 → eu-west-1\n`]);
  assert.equal(host.files.peek(FILE)?.mode, 0o600);
});

test("a table of which every key is commented out gets its first", async () => {
  const { run, text } = setUp(`${EXISTING}node:\n  # name: x\n`);
  await run({ nodeName: "gpu-1" });
  assert.equal(parseConfig(text(), FILE, "x").node.name, "gpu-1");
  assert.match(text(), /# not in \/etc/);
});

test("what is already so is not written again", async () => {
  const { host, run, said } = setUp(EXISTING);
  await run({ cluster: "demo", region: "us-west-2" });
  assert.deepEqual([host.files.changes, said], [[], [`${FILE}: nothing to change\n`]]);
});

test("a dry run says what would change", async () => {
  const { host, run, said } = setUp(EXISTING);
  await run({ cluster: "other", dryRun: true });
  assert.deepEqual([host.files.changes, said], [[], [`${FILE}: cluster.name: demo → other\n`]]);
});

for (const [what, before, options, code] of [
  ["a region that is none", EXISTING, { region: "Oregon" }, "config-invalid"],
  ["a missing cluster", undefined, { region: "us-west-2" }, "config-invalid"],
  ["a file that is not YAML", "cluster: {", ALL, "config-syntax"],
  ["a misspelt key in the file", `${EXISTING}kubelt: {}\n`, { cluster: "other" }, "config-invalid"],
] as const) {
  test(`${what} is refused, and the file is as it was`, async () => {
    const { host, run } = setUp(before);
    await assert.rejects(run(options), { code });
    assert.deepEqual(host.files.changes, []);
  });
}
