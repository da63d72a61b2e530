// The program as a user starts it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { STATUS_EXIT } from "../agent/commands/status.ts";
import manifest from "../package.json" with { type: "json" };

const MAIN = fileURLToPath(new URL("../agent/main.ts", import.meta.url));

function start(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

test("version and --version print the version of the package", () => {
  for (const words of ["version", "--version"])
    assert.deepEqual(start(words), { status: 0, stdout: `${manifest.version}\n`, stderr: "" });
});

test("standard input is read to its end, whatever it is, and no further than it makes sense", () => {
  const args = [
    "user-data",
    "--cluster",
    "demo",
    "--region",
    "us-east-1",
    "--credentials-file",
    "-",
    "--sums",
    "/nowhere",
  ];
  const read = (input: string) => spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", input }).stderr;
  assert.match(read("AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n"), /--sums \/nowhere: there is no such file/);
  assert.match(read("x".repeat(100_000)), /standard input has more than 65536 bytes/);
  assert.match(read(""), /standard input has no AWS_ACCESS_KEY_ID/);
});

test("--help lists the commands and exits with 0", () => {
  const { status, stdout } = start("--help");
  assert.equal(status, 0);
  for (const command of [
    "run",
    "plan",
    "check",
    "status",
    "bundle",
    "reset",
    "authorize",
    "revoke",
    "eni",
    "node-name",
    "version",
  ])
    assert.match(stdout, new RegExp(`^  ${command}\\b`, "m"));
});

test("an unknown command or option is a usage error: exit 64", () => {
  assert.equal(start("rnu").status, 64);
  assert.equal(start("plan", "--bogus").status, 64);
  assert.equal(start("plan", "--output", "xml").status, 64);
  assert.match(
    start("plan", "--bogus").stderr,
    /^ERROR unknown option '--bogus' → eks-satellite --help .* code=usage\n$/,
  );
  const { status, stderr } = start("check", "--only", "disc");
  assert.equal(status, 64);
  assert.match(stderr, /there is no check disc → Checks: os, .*disk/);
});

test("each mistake in a configuration is a line of its own, with its own hint; an option that does not fit is named", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  writeFileSync(file, "cluster: { nme: demo, region: us-esat-1 }\ncredentials: { keysFile: /k }\nkubelt: {}\n");
  const { status, stderr } = start("plan", "--config", file);
  assert.equal(status, 1);
  const lines = stderr.trim().split("\n");
  assert.equal(lines.length, 4, stderr);
  for (const line of lines) assert.match(line, /^ERROR .*config\.yaml:\d: .* → .* code=config-invalid$/);
  assert.match(stderr, /unknown key kubelt → Did you mean kubelet\? /);
  const drain = start("reset", "--drain-seconds", "soon");
  assert.equal(drain.status, 64);
  assert.match(drain.stderr, /option '--drain-seconds <seconds>' argument 'soon' is invalid\. It must be.*5m/);
});

test("an administrator's command needs a cluster, and prints a role without asking AWS", () => {
  assert.equal(start("authorize", "--region", "us-west-2").status, 64);
  assert.equal(start("revoke", "--cluster", "demo", "--region", "us-west-2", "--method", "magic").status, 64);
  const where = ["--cluster", "demo", "--region", "us-west-2"];
  const role = ["--create-role", "--node-name", "gpu-1", "--trusted-arn", "arn:aws:iam::111122223333:user/gpu"];
  const { status, stdout, stderr } = start("authorize", ...where, ...role, "--print", "terraform");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^resource "aws_iam_role" "node_eks_satellite_gpu_1" \{$/m);
  const session = start("authorize", ...where, "--role-arn", "arn:aws:sts::111122223333:assumed-role/nodes/gpu-1");
  assert.equal(session.status, 1);
  assert.match(
    session.stderr,
    /is the ARN of a session, not of a role → Use the role's own ARN: .* code=session-arn\n$/,
  );
});

test("a node's name is computed from an address without a call of AWS", () => {
  const { status, stdout, stderr } = start("node-name", "--ip", "10.0.2.27", "--region", "cn-northwest-1");
  assert.deepEqual([status, stdout, stderr], [0, "fargate-ip-10-0-2-27.cn-northwest-1.compute.internal\n", ""]);
  assert.equal(start("node-name", "--ip", "10.0.2.27", "--region", "cn-northwest-1", "--suffix", "x").status, 64);
  assert.equal(start("eni", "create", "--region", "us-west-2").status, 64);
  assert.equal(start("eni", "delete", "--region", "us-west-2").status, 64);
});

test("an error is one line on standard error, with what to do, and exit 1", () => {
  const { status, stdout, stderr } = start("plan", "--config", "/no/such/config.yaml");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^ERROR there is no configuration at \/no\/such\/config\.yaml → .* code=config-missing\n$/);
});

test("check ends when it has printed its findings, though a credential process hangs", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  writeFileSync(file, 'cluster: { name: demo, region: us-west-2 }\ncredentials: { process: ["sleep", "29"] }\n');
  const began = performance.now();
  const { status, stdout } = start("check", "--config", file, "--only", "credentials");
  assert.equal(status, 0);
  assert.match(stdout, /\? credentials +no answer in 8 s\n/);
  assert.match(stdout, /\n0 ok, 0 warnings, 0 failed, 0 that the daemon brings, 1 unknown\n$/);
  assert.ok(performance.now() - began < 15_000, `${performance.now() - began} ms`);
});

test("what a file says brings no terminal sequence to the terminal", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  writeFileSync(file, 'cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: "/k\\u009b2J\\u202e" }\n');
  const { stdout } = start("check", "--config", file, "--only", "credentials");
  assert.match(stdout, /\/k/);
  assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\p{Cf}]/u);
});

test("a misspelt key is reported with its line and the nearest known key", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  writeFileSync(file, "cluster:\n  name: demo\n  regoin: us-west-2\ncredentials: { keysFile: /k }\n");
  const { status, stderr } = start("plan", "--config", file);
  assert.equal(status, 1);
  assert.match(stderr, /config\.yaml:3: unknown key cluster\.regoin.*→ Did you mean cluster\.region\?/);
});

test("a reader that goes away ends the program without an error", async () => {
  const child = spawn(process.execPath, [MAIN, "status", "--watch", "--config", "/nonexistent"]);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const [exitCode, signal] = await once(child, "close", { signal: AbortSignal.timeout(20_000) });
  assert.deepEqual([exitCode, signal, stderr], [0, null, ""]);
});

for (const betweenMs of [0, 2, 5, 12])
  test(`a signal that comes twice within ${betweenMs} ms, as from timeout(1), is one wish: the command ends in order`, async () => {
    const child = spawn(process.execPath, [MAIN, "status", "--watch", "--config", "/nonexistent"]);
    const exited = once(child, "exit", { signal: AbortSignal.timeout(30_000) });
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const until = performance.now() + betweenMs;
    while (performance.now() < until); // A timer of this busy process might come when the command has ended.
    child.kill("SIGINT");
    assert.deepEqual(await exited, [STATUS_EXIT.silent, null]);
  });

test("a command whose output cannot be written says so in a line, and fails", () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "version"], {
    ...{ encoding: "utf8", timeout: 30_000 },
    stdio: ["ignore", full, "pipe"],
  });
  closeSync(full);
  assert.equal(status, 1);
  assert.match(stderr, /^ERROR .*ENOSPC.*\n$/);
});
