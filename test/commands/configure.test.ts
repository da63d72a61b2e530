import assert from "node:assert/strict";
import { test } from "node:test";
import { configureCommand } from "../../agent/commands/configure.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { awsError } from "../fakes/memory-aws.ts";
import { MemoryEc2 } from "../fakes/memory-ec2.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS_FILE } from "../fakes/samples.ts";

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
    configureCommand(host, { config: FILE, dryRun: false, output: "text", ...options }, (line) => void said.push(line));
  return { host, run, said, text: () => host.files.peek(FILE)?.content ?? "" };
}

test("a missing file is created, valid, and says where every key is documented", async () => {
  const { run, text, said, host } = setUp();
  await run({ ...ALL, roleArn: "arn:aws:iam::111122223333:role/satellite" });
  const { cluster, node, credentials } = parseConfig(text(), FILE, "x");
  assert.deepEqual([cluster.name, cluster.region, node.name], ["demo", "us-west-2", "gpu-1"]);
  assert.deepEqual(credentials.assumeRole?.arn, "arn:aws:iam::111122223333:role/satellite");
  assert.match(
    text(),
    /^# yaml-language-server: \$schema=\/usr\/share\/doc\/eks-satellite\/config\.schema\.json\n# .*config\.example\.yaml/,
  );
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

test("only the given keys change; everything else stays, comments and mode too", async () => {
  const { run, text, said, host } = setUp(EXISTING, 0o600);
  await run({ region: "eu-west-1" });
  assert.equal(text(), EXISTING.replace("us-west-2", "eu-west-1"));
  assert.deepEqual(said, [`${FILE}: cluster.region: us-west-2 → eu-west-1\n`]);
  assert.equal(host.files.peek(FILE)?.mode, 0o600);
});

test("a table whose keys are all commented out gets its first key", async () => {
  const { run, text } = setUp(`${EXISTING}node:\n  # name: x\n`);
  await run({ nodeName: "gpu-1" });
  assert.equal(parseConfig(text(), FILE, "x").node.name, "gpu-1");
  assert.match(text(), /# not in \/etc/);
});

const FARGATE = {
  cluster: "demo",
  region: "us-west-2",
  credentialsFile: "/keys",
  identity: "fargate",
  eni: "eni-086d663f3201384e3",
};

/** A machine with keys, and EC2 as those keys see it. */
function setUpFargate(text?: string, failure?: Error) {
  const made = setUp(text);
  made.host.files.put("/keys", KEYS_FILE, { mode: 0o600 });
  const ec2 = new MemoryEc2();
  if (failure !== undefined) ec2.failures.set("DescribeNetworkInterfaces", failure);
  ec2.add({ id: FARGATE.eni });
  const keys: string[] = [];
  const run = (options: object) =>
    configureCommand(
      made.host,
      { config: FILE, dryRun: false, output: "text", ...options },
      (line) => void made.said.push(line),
      async (region, { accessKeyId }) => {
        keys.push(`${region} ${accessKeyId}`);
        return ec2;
      },
    );
  return { ...made, ec2, keys, run };
}

test("a fargate node's name follows from its network interface, looked up once with the configured keys", async () => {
  const { run, text, keys, said } = setUpFargate("node: { name: old-name }\n");
  await run(FARGATE);
  const { node } = parseConfig(text(), FILE, "x");
  assert.deepEqual(
    [node.identity, node.eni, node.name],
    ["fargate", FARGATE.eni, "fargate-ip-10-0-2-27.us-west-2.compute.internal"],
  );
  assert.deepEqual(keys, ["us-west-2 AKIAEXAMPLE"]);
  assert.match(said.join(""), /node\.name: fargate-ip-10-0-2-27/);
});

test("a given name of a fargate node is not looked up", async () => {
  const { run, text, keys } = setUpFargate();
  await run({ ...FARGATE, nodeName: "fargate-ip-10-0-2-99.us-west-2.compute.internal" });
  assert.equal(parseConfig(text(), FILE, "x").node.name, "fargate-ip-10-0-2-99.us-west-2.compute.internal");
  assert.deepEqual(keys, []);
});

test("keys that may not look up a network interface get a hint to --node-name, and the file is unchanged", async () => {
  const { host, run } = setUpFargate(undefined, awsError("UnauthorizedOperation", 403));
  await assert.rejects(run(FARGATE), {
    code: "eni-forbidden",
    message: "ec2:DescribeNetworkInterfaces on * was denied",
    hint: /node-name --eni eni-086d663f3201384e3 --region us-west-2 prints/,
  });
  const elsewhere = setUpFargate();
  await assert.rejects(elsewhere.run({ ...FARGATE, eni: "eni-00000000" }), { code: "eni-not-found" });
  assert.deepEqual([host.files.changes, elsewhere.host.files.changes], [[], []]);
});

test("equal values are not written again", async () => {
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
  test(`${what} is refused, and the file is unchanged`, async () => {
    const { host, run } = setUp(before);
    await assert.rejects(run(options), { code });
    assert.deepEqual(host.files.changes, []);
  });
}

test("a value that does not fit is a mistake of its option, not of the file", async () => {
  for (const [options, message] of [
    [{ roleArn: "nope" }, /--role-arn "nope": must be the ARN of a role/],
    [{ region: "us-esat-1" }, /--region "us-esat-1": .*did you mean us-east-1/],
    [{ nodeName: "GPU_1" }, /--node-name "GPU_1": must be lower-case/],
    [{ credentialsFile: "keys" }, /--credentials-file "keys": must be an absolute path/],
    [{ cluster: "-" }, /--cluster "-": must be an EKS cluster name/],
  ] as const) {
    const { run, text } = setUp();
    await assert.rejects(run({ ...ALL, ...options, dryRun: true }), { code: "config-invalid", message });
    await assert.rejects(run({ ...ALL, ...options }), (error: Error) => !error.message.includes("config.yaml:"));
    assert.equal(text(), "");
  }
});

test("as JSON it is one document: the file, whether it was written, and each key before and after", async () => {
  const { run, said } = setUp(EXISTING);
  await run({ region: "eu-west-1", nodeName: "gpu-1", output: "json" });
  await run({ region: "us-east-1", dryRun: true, output: "json" });
  await run({ region: "eu-west-1", output: "json" });
  const changes = [
    { key: "cluster.region", from: "us-west-2", to: "eu-west-1" },
    { key: "node.name", to: "gpu-1" },
  ];
  const other = [{ key: "cluster.region", from: "eu-west-1", to: "us-east-1" }];
  assert.deepEqual(
    said.map((text) => JSON.parse(text)),
    [
      { file: FILE, written: true, changes, notCarriedOver: [] },
      { file: FILE, written: false, changes: other, notCarriedOver: [] },
      { file: FILE, written: false, changes: [], notCarriedOver: [] },
    ],
  );
});
