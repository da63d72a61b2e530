import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Command } from "commander";
import { parse } from "yaml";
import { addUserDataOptions, type UserDataOptions } from "../../../agent/commands/user-data/options.ts";
import { userDataCommand } from "../../../agent/commands/user-data/user-data.ts";
import { Secret } from "../../../agent/secret.ts";
import { clusterCa } from "../../fakes/certificates.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { KEYS_FILE } from "../../fakes/samples.ts";

const SUMS = ["amd64", "arm64"].map((name) => `${"a".repeat(64)}  eks-satellite-1.2.3-linux-${name}.tar.gz\n`).join("");
const WHERE = ["--cluster", "demo", "--region", "us-west-2", "--eks-satellite-version", "1.2.3"];
const WITH_KEYS = ["--credentials-file", "/keys", "--node-name", "gpu-1"];
const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";

function setUp({ isTerminal = false, release = ["--allow-unsigned"] as readonly string[], environment = {} } = {}) {
  const host = new MemoryHost();
  host.userId = 1000;
  host.files.put("/keys", KEYS_FILE);
  host.files.put("/ca.pem", clusterCa);
  const asked: string[] = [];
  host.onFetch = ({ url }) => {
    asked.push(url);
    if (url.startsWith("https://ssm.")) return { status: 200, body: '{"ActivationId":"a-1","ActivationCode":"c0de"}' };
    return { status: 200, body: SUMS };
  };
  const [printed, noted]: [string[], string[]] = [[], []];
  const run = async (...args: readonly string[]) => {
    const command = addUserDataOptions(new Command("user-data").exitOverride());
    const options = command.parse([...WHERE, ...release, ...args], { from: "user" }).opts<UserDataOptions>();
    const context = {
      ...{ host, environment, isTerminal: () => isTerminal, readInput: async () => KEYS_FILE },
      print: (text: string) => void printed.push(text),
      printError: (text: string) => void noted.push(text),
      readKeys: async () => ({ accessKeyId: "AKIAADMIN", secretAccessKey: new Secret("admin-secret") }),
    };
    await userDataCommand(context, options);
    return parse(printed.join(""), { version: "1.1", logLevel: "silent" });
  };
  return { host, asked, run, printed: () => printed.join(""), noted: () => noted.join("") };
}

test("cloud-config has the configuration, the keys, the certificate authorities and the commands", async () => {
  const { run, noted } = setUp();
  const { write_files: files, runcmd } = await run(
    ...WITH_KEYS,
    "--role-arn",
    ROLE,
    "--ca",
    "/ca.pem",
    "--set",
    "gpu.taint=true",
  );
  const [config, keys, ca] = files;
  assert.deepEqual(
    [config.path, keys.path, keys.permissions, ca.path],
    [
      "/etc/eks-satellite/config.yaml",
      "/etc/eks-satellite/credentials",
      "0600",
      "/usr/local/share/ca-certificates/eks-satellite.crt",
    ],
  );
  assert.equal(keys.content, KEYS_FILE);
  assert.equal(ca.content.trim(), clusterCa.trim());
  assert.deepEqual(parse(config.content).gpu, { taint: true });
  assert.equal(runcmd.length, 1);
  assert.match(runcmd[0], /--wait 300 <\/dev\/null\n$/);
  assert.match(noted(), /^user data: \d\.\d KiB: fits EC2 \(16 KiB\)/);
});

test("a text without secrets is printed to a terminal, one with secrets is not, unless that is asked for", async () => {
  const { run, printed } = setUp({ isTerminal: true });
  await assert.rejects(run(...WITH_KEYS), {
    code: "secret-on-terminal",
    message: /AWS keys, and this is a terminal/,
    hint: /--output FILE .*--show-secrets/,
  });
  assert.equal(printed(), "");
  await run(...WITH_KEYS, "--show-secrets");
  assert.match(printed(), /long-lived-secret/);
  const plain = setUp({ isTerminal: true });
  await plain.run("--credentials", "none", "--node-name", "gpu-1");
  assert.match(plain.printed(), /^#cloud-config/);
  assert.doesNotMatch(plain.printed(), /metadata service/);
});

test("a proxy's password is a secret too, and so is a mirror's", async () => {
  const { run } = setUp({ isTerminal: true });
  const proxied = run("--credentials", "none", "--proxy", "http://joe:hunter2@proxy:3128");
  await assert.rejects(proxied, { code: "secret-on-terminal", message: /the password of the proxy/ });
});

test("the release must be signed by a key of this program, or of a list that the environment or an option names", async () => {
  const refuses = (code: string, message: RegExp, release: readonly string[], environment = {}) =>
    assert.rejects(setUp({ release, environment }).run(...WITH_KEYS), { code, message });
  await refuses("release-signature-invalid", /SHA256SUMS\.sig is no signature/, []);
  const environment = { EKS_SATELLITE_ALLOWED_SIGNERS: "/named" };
  await refuses("options-invalid", /--allowed-signers \/named: there is no such file/, [], environment);
  await refuses("options-invalid", /--allowed-signers \/given: /, ["--allowed-signers", "/given"], environment);
  const { asked, run } = setUp();
  await run(...WITH_KEYS);
  assert.deepEqual(
    asked.filter((url) => url.endsWith(".sig")),
    [],
    "--allow-unsigned asks for none",
  );
});

test("a file has mode 0600, and standard output nothing", async () => {
  const { run, host, printed, noted } = setUp({ isTerminal: true });
  await run(...WITH_KEYS, "--output", "/tmp/user-data");
  assert.equal(host.files.peek("/tmp/user-data")?.mode, 0o600);
  assert.match(host.files.peek("/tmp/user-data")?.content ?? "", /^#cloud-config/);
  assert.equal(printed(), "");
  assert.match(noted(), /\/tmp\/user-data is written, mode 0600/);
});

test("keys that come later are not waited for", async () => {
  const { run, noted } = setUp();
  const { write_files: files, runcmd } = await run("--credentials", "none", "--node-name", "gpu-1");
  assert.equal(files.length, 1);
  assert.match(runcmd[0], /--wait 0 /);
  assert.match(noted(), /joins when its keys are in \/etc\/eks-satellite\/credentials/);
  assert.match((await setUp().run("--credentials", "none", "--wait", "5m")).runcmd[0], /--wait 300 /);
});

test("a certificate on the machine needs no key in the text", async () => {
  const arn = "arn:aws:rolesanywhere:us-west-2:111122223333";
  const settings = [
    "certificate=/pki/node.crt",
    "privateKey=/pki/node.key",
    `trustAnchorArn=${arn}:trust-anchor/a`,
    `profileArn=${arn}:profile/b`,
  ];
  const { run, noted } = setUp({ isTerminal: true });
  const sets = settings.flatMap((setting) => ["--set", `credentials.rolesAnywhere.${setting}`]);
  const { write_files: files } = await run(...sets, "--role-arn", ROLE, "--node-name", "gpu-1");
  assert.equal(parse(files[0].content).credentials.rolesAnywhere.roleArn, ROLE);
  assert.doesNotMatch(noted(), /^!/m);
});

test("an SSM activation is made after everything else is right, its call is shown, and that it was never tried", async () => {
  const { run, asked, noted } = setUp();
  const { write_files: files, runcmd } = await run("--ssm-activation", "--ssm-role", "ssm-machines");
  assert.deepEqual(
    asked.map((url) => URL.parse(url)?.hostname),
    ["github.com", "ssm.us-west-2.amazonaws.com"],
  );
  assert.deepEqual(parse(files[0].content).credentials, { profile: { file: "/root/.aws/credentials" } });
  assert.match(runcmd[0], /-activation-id a-1 -activation-code c0de\n/);
  assert.match(runcmd[0], /--node-name "\$node_name" <\/dev\/null/);
  assert.match(
    noted(),
    /\+ SSM activation a-1 in us-west-2: ssm:CreateActivation \{"IamRole":"ssm-machines","RegistrationLimit":1,/,
  );
  assert.match(noted(), /! .*was never run/);
  assert.doesNotMatch(noted(), /c0de/);
});

test("with a role of its own the machine of an activation is the node of that name", async () => {
  const { run } = setUp();
  const args = ["--ssm-activation", "--ssm-role", "r", "--role-arn", ROLE, "--node-name", "gpu-1"];
  const { write_files: files, runcmd } = await run(...args);
  const { node, credentials } = parse(files[0].content);
  assert.deepEqual([node.name, credentials.assumeRole.arn], ["gpu-1", ROLE]);
  assert.doesNotMatch(runcmd[0], /node_name/);
});

test("on a terminal no activation is made whose code could not be shown", async () => {
  const { run, asked } = setUp({ isTerminal: true });
  await assert.rejects(run("--ssm-activation", "--ssm-role", "r"), { code: "secret-on-terminal" });
  assert.deepEqual(asked, []);
});

test("the encodings hold the same text", async () => {
  const texts = await Promise.all(
    ["plain", "base64", "gzip-base64"].map(async (encoding) => {
      const { run, printed } = setUp();
      await run(...WITH_KEYS, "--encoding", encoding).catch(() => undefined);
      const bytes = Buffer.from(printed(), "base64");
      return encoding === "plain" ? printed() : encoding === "base64" ? bytes.toString() : gunzipSync(bytes).toString();
    }),
  );
  assert.equal(new Set(texts).size, 1);
});

test("a script is what a shell runs", async () => {
  const { run, printed } = setUp();
  await run(...WITH_KEYS, "--format", "script").catch(() => undefined);
  assert.match(printed(), /^#!\/bin\/bash\n/);
  assert.ok(printed().includes(`<<'END'\n${KEYS_FILE}END\n`));
});

test("temporary keys and a missing name are said", async () => {
  const { run, host, noted } = setUp();
  host.files.put("/keys", `${KEYS_FILE}AWS_SESSION_TOKEN=x\n`);
  await run("--credentials-file", "/keys");
  assert.match(noted(), /! the keys are temporary/);
  assert.match(noted(), /! without --node-name the Node is named after the machine's host name/);
});

const SSM = ["--ssm-activation", "--ssm-role", "r"];
for (const [what, args, message] of [
  ["no source of keys", [], /nothing says where the machine's AWS keys come from/],
  [
    "two of them",
    ["--credentials-file", "/keys", "--credentials", "none"],
    /--credentials-file and --credentials none/,
  ],
  [
    "two, one by --set",
    [...WITH_KEYS, "--set", "credentials.process=[/x]"],
    /--credentials-file and --set credentials\.process/,
  ],
  ["an activation without a role", ["--ssm-activation"], /needs --ssm-role/],
  ["a role without an activation", [...WITH_KEYS, "--ssm-role", "r"], /needs --ssm-activation/],
  ["a managed machine with a name of its own", [...SSM, "--node-name", "gpu-1"], /belong together/],
  ["a proxy that is none", [...WITH_KEYS, "--proxy", "proxy:3128"], /not the URL of a proxy/],
  ["a proxy that would leave its quotes", [...WITH_KEYS, "--proxy", "http://a'b@p:1"], /holds a quote/],
  ["exceptions without a proxy", [...WITH_KEYS, "--proxy-exceptions", "x"], /needs --proxy/],
  ["keys that are not there", ["--credentials-file", "/nowhere"], /no such file/],
] as const) {
  test(`${what} is refused before the network is asked`, async () => {
    const { run, asked } = setUp();
    await assert.rejects(run(...args), { code: "options-invalid", message });
    assert.deepEqual(asked, []);
  });
}
