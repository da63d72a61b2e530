import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceResource } from "../../agent/plan/resource.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { actionsOf, codesOf, createRounds, failureOf, plannedFile, SERVICES } from "../fakes/rounds.ts";

const CONFIG = "/etc/containerd/config.toml";
const SERVICE: ServiceResource = {
  kind: "service",
  unit: "containerd.service",
  readiness: { kind: "cri", socket: "/run/containerd/containerd.sock" },
  configFile: CONFIG,
  why: "a test",
};
const OLD = "version = 2\n# old\n";
const NEW = "version = 2\n# new\n";

/** containerd runs on OLD, which was there a minute before it started. */
function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONFIG, OLD, { modifiedMs: host.clock.now() - 60_000 });
  containerd.start();
  const rounds = createRounds(host);
  const apply = (content: string) => rounds.apply(plannedFile(CONFIG, content, { reader: "containerd" }), SERVICE);
  return { containerd, host, rounds, apply };
}

test("a changed configuration restarts containerd once", async () => {
  const { containerd, apply } = setUp();
  assert.deepEqual(actionsOf(await apply(NEW)), ["update", "restart"]);
  assert.equal(containerd.runningConfig, NEW);
  assert.deepEqual(actionsOf(await apply(NEW)), []);
  assert.equal(containerd.restarts.length, 1);
});

test("a containerd that started on the planned content is adopted without a restart", async () => {
  const { containerd, host, apply } = setUp();
  assert.deepEqual(actionsOf(await apply(OLD)), []);
  assert.deepEqual(containerd.restarts, []);
  assert.equal(JSON.parse(host.files.peek(SERVICES)?.content ?? "{}")["containerd.service"].pid, containerd.pid);
});

test("a containerd that started before its file had the planned content is restarted", async () => {
  const { containerd, host, apply } = setUp();
  host.clock.jump(60_000);
  host.files.put(CONFIG, NEW);
  assert.deepEqual(actionsOf(await apply(NEW)), ["restart"]);
  assert.equal(containerd.runningConfig, NEW);
});

test("a hand edit that is repaired costs no restart", async () => {
  const { containerd, host, apply } = setUp();
  await apply(OLD);
  host.clock.jump(60_000);
  host.files.put(CONFIG, "edited");
  assert.deepEqual(actionsOf(await apply(OLD)), ["update"]);
  assert.deepEqual(containerd.restarts, []);
});

test("a mode that is repaired costs no restart, also when nothing is recorded yet", async () => {
  const { containerd, host, apply } = setUp();
  host.files.put(CONFIG, OLD, { mode: 0o600, modifiedMs: host.clock.now() - 60_000 });
  assert.deepEqual(actionsOf(await apply(OLD)), ["set-mode"]);
  assert.deepEqual(containerd.restarts, []);
});

test("after a restart by another process on an edited file the service is restarted on the planned one", async () => {
  const { containerd, host, apply } = setUp();
  await apply(OLD);
  host.clock.jump(60_000);
  host.files.put(CONFIG, "edited");
  containerd.stop();
  containerd.start();
  host.clock.jump(1000);
  assert.deepEqual(actionsOf(await apply(OLD)), ["update", "restart"]);
  assert.equal(containerd.runningConfig, OLD);
});

test("a restart by another process on the planned file is accepted", async () => {
  const { containerd, host, apply } = setUp();
  await apply(OLD);
  host.clock.jump(60_000);
  containerd.stop();
  containerd.start();
  assert.deepEqual(actionsOf(await apply(OLD)), []);
  assert.deepEqual(containerd.restarts, []);
});

test("a containerd that does not run is started", async () => {
  const { containerd, apply } = setUp();
  containerd.stop();
  assert.deepEqual(actionsOf(await apply(OLD)), ["start"]);
  assert.deepEqual(containerd.restarts, ["start containerd.service"]);
});

test("damaged records of services are made anew without a restart", async () => {
  const { containerd, host, apply } = setUp();
  await apply(OLD);
  host.files.put(SERVICES, '{"containerd.service": {"pid": "');
  assert.deepEqual(actionsOf(await apply(OLD)), []);
  assert.deepEqual(containerd.restarts, []);
  assert.equal(JSON.parse(host.files.peek(SERVICES)?.content ?? "{}")["containerd.service"].pid, containerd.pid);
});

test("a configuration that containerd dies of is rolled back, with its last words", async () => {
  const { containerd, host, rounds, apply } = setUp();
  containerd.diesOn = (config) => config === NEW;
  const round = await apply(NEW);
  assert.deepEqual(codesOf(round), ["containerd-config-refused"]);
  assert.match(failureOf(round), /invalid plugin config/);
  assert.equal(host.files.peek(CONFIG)?.content, OLD);
  assert.equal(containerd.runningConfig, OLD);
  assert.equal(rounds.messages("error").length, 1);
});

test("a refused configuration is not tried again, and is reported in every round", async () => {
  const { containerd, apply } = setUp();
  containerd.diesOn = (config) => config === NEW;
  await apply(NEW);
  const restarts = containerd.restarts.length;
  for (let round = 0; round < 3; round += 1) assert.deepEqual(codesOf(await apply(NEW)), ["containerd-config-refused"]);
  assert.equal(containerd.restarts.length, restarts);
});

test("after a refusal another configuration is tried at once", async () => {
  const { containerd, apply } = setUp();
  containerd.diesOn = (config) => config === NEW;
  await apply(NEW);
  const round = await apply("version = 2\n# corrected\n");
  assert.deepEqual(actionsOf(round), ["update", "restart"]);
  assert.equal(containerd.runningConfig, "version = 2\n# corrected\n");
});

test("a configuration that stood nowhere before is taken away again when containerd dies of it", async () => {
  const { containerd, host, apply } = setUp();
  host.files.drop(CONFIG);
  containerd.diesOn = (config) => config === NEW;
  assert.deepEqual(codesOf(await apply(NEW)), ["containerd-config-refused"]);
  assert.equal(host.files.peek(CONFIG), undefined);
  assert.equal(containerd.runningConfig, "");
});

test("a containerd that is up but silent is waited for, then given up on", async () => {
  const { host, apply } = setUp();
  const answer = host.onGrpc;
  let refusals = 0;
  host.onGrpc = (request) => {
    refusals += 1;
    if (refusals <= 5) throw new Error("connect ECONNREFUSED");
    return answer(request);
  };
  const round = apply(NEW);
  await host.clock.advance(1000);
  assert.deepEqual(actionsOf(await round), ["update", "restart"]);
});

test("a containerd that stays silent for 30 s has refused its configuration", async () => {
  const { host, containerd, apply } = setUp();
  const answer = host.onGrpc;
  host.onGrpc = (request) => {
    if (containerd.runningConfig === NEW) throw new Error("connect ECONNREFUSED");
    return answer(request);
  };
  const round = apply(NEW);
  await settle();
  await host.clock.advance(31_000);
  assert.deepEqual(codesOf(await round), ["containerd-config-refused"]);
  assert.equal(containerd.runningConfig, OLD);
});

test("a dry run reports the restart that a changed configuration would cause", async () => {
  const { containerd, rounds } = setUp();
  const round = await rounds.dryRun(plannedFile(CONFIG, NEW, { reader: "containerd" }), SERVICE);
  assert.deepEqual(actionsOf(round), ["update", "restart"]);
  assert.deepEqual(containerd.restarts, []);
});

test("a dry run records nothing, not even what it learnt", async () => {
  const { host, rounds } = setUp();
  await rounds.dryRun(plannedFile(CONFIG, OLD, { reader: "containerd" }), SERVICE);
  assert.deepEqual(host.files.changes, []);
});

test("a rollback leaves the file with the owner and the mode that it had", async () => {
  const { containerd, host, rounds } = setUp();
  host.files.put(CONFIG, OLD, { mode: 0o600, uid: 7, gid: 8, modifiedMs: host.clock.now() - 60_000 });
  containerd.diesOn = (config) => config === NEW;
  const merged = plannedFile(CONFIG, NEW, { reader: "containerd", isMerged: true, mode: 0o644 });
  assert.deepEqual(codesOf(await rounds.apply(merged, SERVICE)), ["containerd-config-refused"]);
  const { content, mode, uid, gid } = host.files.peek(CONFIG) ?? {};
  assert.deepEqual([content, mode, uid, gid], [OLD, 0o600, 7, 8]);
});
