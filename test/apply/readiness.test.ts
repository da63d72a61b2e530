import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceResource } from "../../agent/plan/resource.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { actionsOf, codesOf, createRounds, failureOf, plannedFile } from "../fakes/rounds.ts";

const TUNNEL: ServiceResource = {
  kind: "service",
  unit: "tunnel.service",
  readiness: { kind: "active" },
  why: "a test",
};

/** A service that systemd starts, and that has the state of a test a while later. */
function setUp() {
  const host = new MemoryHost();
  const service = { process: undefined as { pid: number } | undefined, state: "active", verbs: [] as string[] };
  host.install("systemctl", ([verb = ""]) => {
    if (verb === "show") return { stdout: `${service.process?.pid ?? 0}\n` };
    if (verb === "is-active") return { stdout: `${service.state}\n` };
    service.verbs.push(verb);
    service.process = host.processes.start({ name: "tunnel" });
    return {};
  });
  host.install("journalctl", () => ({ stdout: "bad key\n" }));
  return { host, service, rounds: createRounds(host) };
}

test("a service that reads no file of the plan is started when it does not run, and is ready when it is active", async () => {
  const { service, rounds } = setUp();
  assert.deepEqual(actionsOf(await rounds.apply(TUNNEL)), ["start"]);
  assert.deepEqual(actionsOf(await rounds.apply(TUNNEL)), []);
  assert.deepEqual(service.verbs, ["start"]);
});

test("one that does not become active is a failure with systemd's word and its last line", async () => {
  const { host, service, rounds } = setUp();
  service.state = "failed";
  const applying = rounds.apply(TUNNEL);
  await host.clock.advance(40_000);
  const round = await applying;
  assert.deepEqual(codesOf(round), ["service-failed"]);
  assert.match(
    failureOf(round),
    /tunnel\.service does not answer 30 s after its start: .* is failed; its last words: bad key/,
  );
});

test("one with a file of the plan is restarted when the file changes", async () => {
  const { host, service, rounds } = setUp();
  const withFile = { ...TUNNEL, configFile: "/etc/tunnel.conf" };
  await rounds.apply(plannedFile("/etc/tunnel.conf", "a"), withFile);
  host.clock.jump(60_000);
  assert.deepEqual(actionsOf(await rounds.apply(plannedFile("/etc/tunnel.conf", "b"), withFile)), [
    "update",
    "restart",
  ]);
  assert.deepEqual(service.verbs, ["start", "restart"]);
});
