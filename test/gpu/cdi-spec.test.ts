import assert from "node:assert/strict";
import { test } from "node:test";
import { CdiSpec, isOwnCdiSpec } from "../../agent/gpu/cdi-spec.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const CTK = "/usr/bin/nvidia-ctk";
const SPEC = "/var/run/cdi/nvidia.yaml";
const RUN = "/run/eks-satellite";

/** A machine whose nvidia-ctk writes a specification of the test's choice. */
function setUp(host = new MemoryHost()) {
  const ctk = { content: "kind: nvidia.com/gpu\n", exitCode: 0, stderr: "" };
  host.install(CTK, ([verb, , ...args]) => {
    if (verb === "system") return {};
    const output = args.find((arg) => arg.startsWith("--output="))?.slice("--output=".length) ?? "";
    if (ctk.exitCode === 0) host.files.put(output, ctk.content);
    return { exitCode: ctk.exitCode, stderr: ctk.stderr };
  });
  const { log, messages } = createMemoryLog();
  const spec = new CdiSpec({ host, log, runFolder: RUN });
  const generated = () => host.commands.filter((line) => line.includes("cdi generate")).length;
  return { host, ctk, spec, messages, generated };
}

test("the specification is generated once, and again for another driver; devices are linked below /dev/char", async () => {
  const { host, ctk, spec, generated } = setUp();
  for (let round = 0; round < 3; round += 1) assert.equal(await spec.keep(CTK, "550"), "eks-satellite");
  assert.equal(generated(), 1);
  assert.deepEqual([host.files.peek(SPEC)?.content, host.files.peek(SPEC)?.mode], [ctk.content, 0o644]);
  assert.equal(host.commands.filter((line) => line.includes("create-dev-char-symlinks --create-all")).length, 1);
  ctk.content = "kind: nvidia.com/gpu # 570\n";
  await spec.keep(CTK, "570");
  assert.equal(generated(), 2);
  assert.equal(host.files.peek(SPEC)?.content, ctk.content);
  assert.equal(await isOwnCdiSpec(host, RUN), true);
});

test("after a restart the daemon recognizes its own specification", async () => {
  const { host, spec } = setUp();
  await spec.keep(CTK, "550");
  const after = setUp(host);
  assert.equal(await after.spec.keep(CTK, "550"), "eks-satellite");
  assert.equal(after.generated(), 1);
});

test("another program's specification is left alone, also one that overwrote ours", async () => {
  const { host, spec, generated } = setUp();
  await spec.keep(CTK, "550");
  host.files.put(SPEC, "kind: theirs\n");
  assert.equal(await spec.keep(CTK, "570"), "another program");
  assert.equal(host.files.peek(SPEC)?.content, "kind: theirs\n");
  assert.equal(generated(), 1);
  assert.equal(await isOwnCdiSpec(host, RUN), false);
});

for (const stdout of ["enabled\nenabled\n", "disabled\nenabled\n"]) {
  test(`an enabled unit of nvidia-cdi-refresh keeps the specification: ${stdout.replaceAll("\n", " ")}`, async () => {
    const { host, spec, generated } = setUp();
    host.install("systemctl", () => ({ exitCode: 1, stdout }));
    assert.equal(await spec.keep(CTK, "550"), "nvidia-cdi-refresh");
    host.files.put(SPEC, "kind: theirs\n");
    for (let round = 0; round < 3; round += 1) assert.equal(await spec.keep(CTK, "550"), "nvidia-cdi-refresh");
    assert.equal(generated(), 0);
    const asked = host.commands.filter((line) => line.startsWith("systemctl"));
    assert.equal(asked.length, 2, "systemd is asked once for each specification");
  });
}

test("a specification that an administrator keeps below /etc/cdi takes precedence", async () => {
  const { host, spec, generated } = setUp();
  host.files.put("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu\n");
  assert.equal(await spec.keep(CTK, "550"), "another program");
  assert.equal(generated(), 0);
});

test("a failure is reported with nvidia-ctk's message, leaves nothing behind, and is retried with growing pauses", async () => {
  const { host, ctk, spec, generated } = setUp();
  ctk.exitCode = 1;
  ctk.stderr = "time=now level=info\nERROR: failed to initialize NVML: Unknown Error\n";
  for (let second = 0; second < 600; second += 30) {
    await assert.rejects(spec.keep(CTK, "550"), {
      code: "cdi-spec-failed",
      message: /exited with 1: ERROR: failed to initialize NVML/,
    });
    host.clock.jump(30_000);
  }
  assert.ok(generated() >= 3 && generated() <= 8, `${generated()} tries in ten minutes`);
  assert.deepEqual(
    host.files.paths().filter((path) => path.includes("cdi")),
    [],
  );
  ctk.exitCode = 0;
  host.clock.jump(600_000);
  assert.equal(await spec.keep(CTK, "550"), "eks-satellite");
});

test("a toolkit that cannot make the links is logged once, and the specification is generated all the same", async () => {
  const { host, spec, messages } = setUp();
  host.install(CTK, ([verb, , ...args]) => {
    if (verb === "system") return { exitCode: 1, stderr: "unknown command" };
    host.files.put(args.at(-1)?.slice("--output=".length) ?? "", "kind: x\n");
    return {};
  });
  for (let round = 0; round < 3; round += 1) assert.equal(await spec.keep(CTK, "550"), "eks-satellite");
  assert.equal(messages("info").filter((message) => message.startsWith("no links below /dev/char")).length, 1);
});

test("an nvidia-ctk that cannot be killed is a problem of its own, and no second one is started beside it", async () => {
  const { host, spec } = setUp();
  host.install(CTK, () => new Promise(() => undefined));
  host.unkillable.add(CTK);
  const keeping = assert.rejects(spec.keep(CTK, "550"), { code: "nvidia-ctk-stuck" });
  await host.clock.advance(62_000);
  await keeping;
  const started = () => host.commands.filter((line) => line.startsWith(CTK)).length;
  assert.equal(started(), 1);
  for (let round = 0; round < 5; round += 1) {
    host.clock.jump(600_000);
    await assert.rejects(spec.keep(CTK, "550"), { code: "nvidia-ctk-stuck", hint: /systemctl reboot/ });
  }
  assert.equal(started(), 1);
});
