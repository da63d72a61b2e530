// How the keys come to the machine: in user data, over ssh, or by an SSM activation; and who may assume its role.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpMachines } from "../../fakes/machine-admin.ts";

const KNOWN_HOST = "198.51.100.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q\n";
const REFUSED = { exitCode: 255, stderr: "ssh: connect to host 198.51.100.1 port 22: Connection refused\n" };

/** A launch over ssh, whose program answers as a test says. */
function setUpSsh(answer: (command: string, input: string | undefined) => { exitCode?: number; stderr?: string }) {
  const all = setUpMachines();
  const calls: { readonly args: readonly string[]; readonly input: string | undefined }[] = [];
  all.host.install("ssh", (args, input) => {
    calls.push({ args, input });
    const file = args.find((arg) => arg.startsWith("UserKnownHostsFile="))?.split("=")[1] ?? "";
    const result = answer(args.slice(args.indexOf("--") + 1).join(" "), input);
    if (result.exitCode !== 255) all.host.files.put(file, KNOWN_HOST);
    return result;
  });
  const begin = async (...more: readonly string[]) => {
    const running = all.launch("--join", "ssh", ...more);
    await all.host.clock.advance(100_000);
    all.nodes.put("gpu-1", true);
    return all.finish(running);
  };
  return { ...all, calls, begin };
}

test("over ssh the script goes in by standard input, and no key is in user data or on a command line", async () => {
  let tries = 0;
  const { begin, calls, lambda, host, printed } = setUpSsh(() => (tries++ < 2 ? REFUSED : {}));
  assert.equal(await begin(), 0, printed());
  assert.equal(lambda.launches[0]?.userData, undefined);
  const last = calls.at(-1);
  assert.match(last?.input ?? "", /^#!\/bin\/(?:ba)?sh[\s\S]*AWS_ACCESS_KEY_ID=/);
  assert.match(last?.input ?? "", /--wait 0/, "the launch waits for the Node itself");
  assert.deepEqual(last?.args.slice(-5), ["ubuntu@198.51.100.1", "--", "sudo", "bash", "-s"]);
  assert.ok(last?.args.includes("StrictHostKeyChecking=accept-new") && last.args.includes("BatchMode=yes"));
  assert.ok(calls.slice(0, -1).every(({ input }) => input === undefined));
  assert.ok(!host.commands.some((line) => line.includes("AWS_")));
  assert.match(printed(), /! host key of 198\.51\.100\.1 accepted at first sight: ssh-ed25519 SHA256:[\w+/]{43};/);
  assert.match(printed(), /! ssh knows no host key of a new machine/, "it is said before the question, too");
  assert.match(printed(), /✓ installed over ssh/);
  const file = calls[0]?.args.find((arg) => arg.startsWith("UserKnownHostsFile="))?.split("=")[1] ?? "";
  assert.equal(host.files.peek(file), undefined, "nothing is left in /tmp");
});

test("a launch that does not wait cannot join over ssh, and makes no machine", async () => {
  const { launch, finish, lambda } = setUpMachines();
  const refused = { code: "options-invalid", message: /--wait 0/ };
  await assert.rejects(finish(launch("--join", "ssh", "--wait", "0")), refused);
  assert.deepEqual(lambda.launches, []);
});

test("a key that ssh lacks, a port that is closed, and a script that fails name the machine that is left", async () => {
  for (const [result, code] of [
    [{ exitCode: 255, stderr: "ubuntu@198.51.100.1: Permission denied (publickey).\n" }, "ssh-failed"],
    [REFUSED, "ssh-failed"],
    [{ exitCode: 1, stderr: "sudo: a password is required\n" }, "ssh-failed"],
  ] as const) {
    const { begin } = setUpSsh(() => result);
    await assert.rejects(begin("--ssh-identity", "/id"), {
      code,
      hint: /^eks-satellite machine terminate gpu-1 ends it/,
    });
  }
  const cut = setUpSsh((command) => (command.includes("bash") ? { exitCode: 255, stderr: "Broken pipe\n" } : {}));
  await assert.rejects(cut.begin(), { code: "join-failed", message: /ended before the script had: Broken pipe/ });
  const { begin } = setUpSsh((command) => (command.includes("bash") ? { exitCode: 1, stderr: "no network\n" } : {}));
  await assert.rejects(begin(), { code: "join-failed", message: /ended with 1: no network.*is left, and costs/ });
});

test("a host key that ssh refuses is said at once, and not tried again", async () => {
  const { begin, calls } = setUpSsh(() => ({ exitCode: 255, stderr: "Host key verification failed.\n" }));
  await assert.rejects(begin(), { code: "ssh-failed", message: /Host key verification failed/ });
  assert.equal(calls.length, 1);
});

test("Ctrl-C while ssh is waited for, or while the script runs, says what is left", async () => {
  for (const isScript of [false, true]) {
    const all = setUpMachines();
    all.host.install("ssh", (args) => {
      if (!isScript) return REFUSED;
      return args.includes("bash") ? new Promise<never>(() => undefined) : {};
    });
    const failed = assert.rejects(all.launch("--join", "ssh"), { code: "interrupted", message: /is left, and costs/ });
    await all.host.clock.advance(300_000);
    all.stop.abort();
    await all.host.clock.advance(1000);
    await failed;
  }
});

test("an SSM activation is made for the launch alone, and its role may assume the new one", async () => {
  const { launch, finish, host, lambda, adminAws, printed } = setUpMachines({ withKeys: false });
  const { onFetch } = host;
  host.onFetch = (request) =>
    request.url.startsWith("https://ssm.")
      ? { status: 200, body: '{"ActivationId":"a-1","ActivationCode":"c0de"}' }
      : onFetch(request);
  const ssm = ["--ssm-activation", "--ssm-role", "ssm-agent"];
  assert.equal(await finish(launch(...ssm, "--dry-run")), 0);
  assert.doesNotMatch(printed(), /SSM activation a-1/, "a dry run makes none");
  assert.equal(await finish(launch(...ssm, "--wait", "0")), 0);
  assert.match(printed(), /\+ SSM activation a-1 in us-west-2/);
  assert.match(lambda.launches[0]?.userData ?? "", /-activation-code c0de/);
  assert.match(adminAws.roles.get("eks-satellite-gpu-1")?.trustPolicy ?? "", /role\/ssm-agent/);
});

test("keys that come in another way need --trusted-arn for a new role", async () => {
  const { launch, finish, adminAws } = setUpMachines({ withKeys: false });
  const certificate = [
    ...[
      "--set",
      "credentials.rolesAnywhere.certificate=/c.pem",
      "--set",
      "credentials.rolesAnywhere.privateKey=/k.pem",
    ],
    ...[
      "--set",
      "credentials.rolesAnywhere.trustAnchorArn=arn:aws:rolesanywhere:us-west-2:111122223333:trust-anchor/00000000-0000-0000-0000-000000000000",
    ],
    ...[
      "--set",
      "credentials.rolesAnywhere.profileArn=arn:aws:rolesanywhere:us-west-2:111122223333:profile/00000000-0000-0000-0000-000000000000",
    ],
  ];
  await assert.rejects(finish(launch(...certificate)), { code: "options-invalid", message: /--trusted-arn/ });
  const trusted = ["--trusted-arn", "arn:aws:iam::111122223333:role/anchored"];
  assert.equal(await finish(launch(...certificate, ...trusted, "--wait", "0")), 0);
  assert.match(adminAws.roles.get("eks-satellite-gpu-1")?.trustPolicy ?? "", /role\/anchored/);
});

test("a public key that the account lacks is added, one that it has is used, and a file that is none is refused", async () => {
  const { launch, finish, lambda, host } = setUpMachines();
  host.files.put("/home/id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0w joe@laptop\n");
  assert.equal(await finish(launch("--ssh-public-key", "/home/id.pub", "--wait", "0")), 0);
  assert.equal(lambda.launches[0]?.sshKey, "eks-satellite-gpu-1");
  for (const { id } of lambda.running()) lambda.setStatus(id, "terminated");
  assert.equal(await finish(launch("--ssh-public-key", "/home/id.pub", "--wait", "0")), 0);
  assert.equal(lambda.sshKeys.length, 2, "it is added once");
  host.files.put("/home/id", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
  await assert.rejects(finish(launch("--ssh-public-key", "/home/id")), { code: "options-invalid", hint: /\.pub/ });
});
