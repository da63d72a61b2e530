import assert from "node:assert/strict";
import { test } from "node:test";
import { PATHS } from "../agent/config/paths.ts";
import { createLoops } from "../agent/loops.ts";
import { type AgentEvent, createParts } from "../agent/parts.ts";
import { react } from "../agent/reactions.ts";
import { MemoryAws } from "./fakes/memory-aws.ts";
import { settle } from "./fakes/memory-clock.ts";
import { MemoryHost } from "./fakes/memory-host.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { KEYS_FILE, sampleConfig } from "./fakes/samples.ts";

/** A daemon whose loops count the rounds that they are asked for, and run none. */
function setUp() {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  const emitted: AgentEvent[] = [];
  const parts = createParts({
    host,
    aws: new MemoryAws(host.clock.now),
    config: sampleConfig(),
    configFile: "/etc/eks-satellite/config.yaml",
    log,
    environment: {},
    signal: new AbortController().signal,
    emit: (event) => void emitted.push(event),
  });
  const loops = createLoops(parts);
  const asked: string[] = [];
  for (const loop of Object.values(loops)) {
    loop.trigger = async () => void asked.push(loop.name);
    loop.triggerAfter = (milliseconds) => void asked.push(`${loop.name} after ${milliseconds}`);
  }
  const ended: string[] = [];
  const daemon = { ...parts, loops, onConfigChange: () => void ended.push("config") };
  const happen = async (event: AgentEvent) => {
    react(daemon, event);
    await settle();
  };
  const events = () => parts.events.list().map(({ type, reason }) => `${type} ${reason}`);
  return { host, parts, asked, ended, emitted, events, happen, messages };
}

const CONDITION = { type: "DiskAvailable", status: "False", reason: "DiskFull", message: "full" } as const;
const condition = (changes: object = {}) => ({
  ...CONDITION,
  sinceMs: 0,
  dependsOn: [],
  isCritical: true,
  ...changes,
});

test("a root cause is an event and is reported to the Node at once; what follows from one waits for the loop", async () => {
  const { asked, events, happen } = setUp();
  await happen({ kind: "condition-changed", condition: condition(), isRootCause: false });
  assert.deepEqual([asked, events()], [[], ["Normal DiskFull"]]);
  await happen({ kind: "condition-changed", condition: condition(), isRootCause: true });
  assert.deepEqual([asked, events().at(-1)], [["report"], "Warning DiskFull"]);
});

test("remote networks that are in doubt have the cluster described again", async () => {
  const { asked, happen } = setUp();
  await happen({ kind: "remote-networks-doubted" });
  assert.deepEqual(asked, ["cluster"]);
});

test("a tunnel that is not up has its entry read anew: it says whether a gateway knows the key", async () => {
  const { asked, happen } = setUp();
  const turned = (changes: object) => condition({ type: "TunnelUp", isCritical: false, ...changes });
  await happen({
    kind: "condition-changed",
    condition: turned({ status: "Unknown", reason: "Connecting" }),
    isRootCause: false,
  });
  assert.deepEqual(asked.splice(0), ["entry"]);
  await happen({
    kind: "condition-changed",
    condition: turned({ status: "True", reason: "GatewayAnswers" }),
    isRootCause: false,
  });
  assert.deepEqual(asked, []);
});

test("a pending condition is checked at once and once more before it turns, and its possible causes with it", async () => {
  const { asked, happen } = setUp();
  await happen({ kind: "condition-pending", type: "RuntimeReady" });
  assert.deepEqual(asked.splice(0), ["health", "converge", "health after 5000"]);
  await happen({ kind: "condition-pending", type: "IdentityAccepted" });
  assert.deepEqual(asked.splice(0), ["health", "clock", "health after 5000"]);
  await happen({ kind: "condition-pending", type: "TunnelUp" });
  assert.deepEqual(asked.splice(0), ["health", "entry", "health after 5000"]);
  await happen({ kind: "condition-pending", type: "DnsWorking" });
  assert.deepEqual(asked, ["health", "health after 5000"]);
});

test("the tunnel is judged after each round of convergence, and watched as soon as it is planned", async () => {
  const { parts, asked, happen } = setUp();
  let judged = 0;
  parts.tunnelWatch.judge = () => {
    judged += 1;
  };
  await happen({ kind: "tunnel-converged", isPlanned: false, failure: undefined });
  assert.equal(judged, 1);
  await happen({ kind: "tunnel-planned" });
  assert.deepEqual(asked, ["rotation", "mtu", "tunnel"]);
});

test("another key of the tunnel is planned first, and then said to the cluster", async () => {
  const { asked, happen } = setUp();
  await happen({ kind: "tunnel-key-changed" });
  assert.deepEqual(asked, ["converge", "entry"]);
});

test("a clock that was set is compared with AWS's at once, and logged", async () => {
  const { asked, happen, messages } = setUp();
  await happen({ kind: "clock-set", seconds: -3600 });
  assert.deepEqual(asked, ["clock"]);
  assert.ok(messages("warn").some((line) => /set back by 3600 s/.test(line)));
});

test("new cluster facts, new programs and another tunnel are a round of convergence; kubelet waits for the word on its tunnel", async () => {
  const { asked, happen } = setUp();
  await happen({ kind: "cluster-changed" });
  await happen({ kind: "programs-changed" });
  await happen({ kind: "tunnel-changed" });
  assert.deepEqual(asked, ["entry", "converge", "converge", "converge"]);
});

test("a round of credentials asks for the node's tunnel, and with keys for the cluster, while they are not known", async () => {
  const { host, parts, asked, happen } = setUp();
  await happen({ kind: "credentials-round-ended" });
  assert.deepEqual(asked, ["entry"]);
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  await parts.session.round();
  await happen({ kind: "credentials-round-ended" });
  await happen({ kind: "credentials-round-ended" });
  assert.deepEqual(asked, ["entry", "entry", "cluster", "entry"], "the second try waits for its time");
});

test("a repair is logged, and is a notice; a notice is an event", async () => {
  const { emitted, events, happen, messages } = setUp();
  await happen({ kind: "resource-repaired", resource: "file:/etc/x" });
  const words = "file:/etc/x was changed by another process and is repaired";
  assert.deepEqual(messages("warn"), [words]);
  const notice = { kind: "notice", type: "Warning", reason: "Repaired", message: words } as const;
  assert.deepEqual(emitted, [notice]);
  await happen(notice);
  assert.deepEqual(events(), ["Warning Repaired"]);
});

test("a Node's new address restarts a kubelet that has no serving certificate, and leaves one that has", async () => {
  const { host, parts, happen } = setUp();
  const calls: string[] = [];
  parts.kubelet.restart = (reason) => void calls.push(reason);
  const moved = { kind: "node-address-changed", from: "192.168.1.10", to: "10.250.0.11" } as const;
  await happen(moved);
  assert.deepEqual(calls, ["node-address-changed"]);
  await host.files.write(PATHS.servingCertificate, "signed", { mode: 0o600 });
  await happen(moved);
  assert.deepEqual(calls, ["node-address-changed"], "it asks anew by itself");
});

test("a Node that is gone restarts kubelet, and what was written to it is forgotten", async () => {
  const { parts, events, happen } = setUp();
  const calls: string[] = [];
  parts.kubelet.restart = (reason) => void calls.push(`restart ${reason}`);
  parts.reporter.forget = () => void calls.push("reporter");
  parts.gpu.forgetNode = () => void calls.push("gpu");
  await happen({ kind: "node-gone" });
  assert.deepEqual(calls, ["reporter", "gpu", "restart node-gone"]);
  assert.deepEqual(events(), ["Warning NodeMissing"]);
});

test("a refused token is replaced; kubelet's refusal also reads the Node anew", async () => {
  const { parts, happen } = setUp();
  const calls: string[] = [];
  parts.session.replaceToken = async () => void calls.push("token");
  parts.nodeWatch.lookAgain = () => void calls.push("node");
  await happen({ kind: "token-refused" });
  assert.deepEqual(calls.splice(0), ["token"]);
  await happen({ kind: "kubelet-unauthorized" });
  assert.deepEqual(calls.splice(0), ["node", "token"]);
  await happen({ kind: "kubelet-cut-off" });
  assert.deepEqual(calls, ["node"]);
});

test("a Node that becomes Ready is looked at, and systemd shows it afterwards; the machine is checked when the join is over", async () => {
  const { asked, happen } = setUp();
  await happen({ kind: "node-ready" });
  assert.deepEqual(asked, ["fitness after 30000", "health", "systemd"]);
});

test("a changed configuration ends the run", async () => {
  const { ended, happen } = setUp();
  await happen({ kind: "config-changed" });
  assert.deepEqual(ended, ["config"]);
});
