import assert from "node:assert/strict";
import { test } from "node:test";
import { localDefaults } from "../../agent/config/machine-config.ts";
import type { HttpRequest } from "../../agent/host/host.ts";
import { accessAsNode } from "../../agent/reset/drain.ts";
import { confirmStep, drainStep, nodeStep, stopStep } from "../../agent/reset/leave.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleCluster } from "../fakes/samples.ts";

const POD = { name: "web", namespace: "default" };

/** A node with one pod, and its daemon. */
function setUp({ isKnown = true, stops = true, mayDelete = false } = {}) {
  const host = new MemoryHost();
  const state: { isActive: boolean; pods: { metadata: object }[] } = { isActive: true, pods: [{ metadata: POD }] };
  const verbs: string[] = [];
  host.install("systemctl", ([verb = "", ...rest]) => {
    verbs.push([verb, ...rest].join(" "));
    if (verb === "disable" && stops) state.isActive = false;
    return { stdout: verb === "is-active" ? (state.isActive ? "active\n" : "inactive\n") : "" };
  });
  const requests: HttpRequest[] = [];
  host.onFetch = (request) => {
    requests.push(request);
    const { method = "GET" } = request;
    if (method === "DELETE") return { status: mayDelete ? 200 : 403, body: "" };
    return { status: 200, body: JSON.stringify({ items: state.pods }) };
  };
  const access = isKnown
    ? accessAsNode(host, { cluster: sampleCluster(), token: "k8s-aws-v1.x", node: "gpu-1" })
    : undefined;
  const shared = { host, log: createMemoryLog().log, config: localDefaults(), isPurge: false, isWithinDpkg: false };
  return { host, state, verbs, requests, options: { ...shared, access, drainSeconds: 10 } };
}

test("the pods to evict are listed, and those that outlast the time are left to the user", async () => {
  const { host, options } = setUp();
  const step = drainStep(options);
  assert.deepEqual(await step.list(), ["evict default/web"]);
  const running = step.run();
  await host.clock.advance(10_000);
  assert.deepEqual(await running, ["default/web was still there after 10 s, and is ended"]);
});

test("without a running daemon the eviction is not waited for", async () => {
  const { state, options } = setUp();
  state.isActive = false;
  assert.deepEqual(await drainStep(options).run(), ["default/web was still there after 0 s, and is ended"]);
});

test("an unknown cluster, or an API server that does not answer, does not stop the reset", async () => {
  const unknown = drainStep(setUp({ isKnown: false }).options);
  assert.deepEqual(await unknown.list(), []);
  assert.deepEqual(await unknown.run(), ["the cluster is unknown: the pods are ended without an eviction"]);
  const { host, options } = setUp();
  host.onFetch = () => {
    throw new Error("connect ECONNREFUSED");
  };
  assert.deepEqual(await drainStep(options).list(), []);
  assert.match((await drainStep(options).run())[0] ?? "", /^the pods were not evicted: .*connect ECONNREFUSED$/);
});

test("the daemon is disabled without a reload of systemd", async () => {
  const { verbs, options } = setUp();
  const step = stopStep(options);
  assert.deepEqual(await step.list(), ["stop and disable eks-satellite.service"]);
  assert.deepEqual(await step.run(), []);
  assert.ok(verbs.includes("disable --no-reload --quiet --now eks-satellite.service"), verbs.join("\n"));
  assert.deepEqual(await step.list(), [], "done");
});

test("a daemon that does not stop is an error", async () => {
  await assert.rejects(stopStep(setUp({ stops: false }).options).run(), {
    code: "reset-failed",
    message: "eks-satellite.service does not stop",
    hint: "systemctl status eks-satellite.service.",
  });
});

test("the end of pods that are being deleted is confirmed, and a refusal is no failure", async () => {
  const { state, requests, options } = setUp();
  assert.deepEqual(await confirmStep(options).run(), []);
  assert.deepEqual(
    requests.map(({ method = "GET" }) => method),
    ["GET"],
    "the pod is not being deleted",
  );
  state.pods = [{ metadata: { ...POD, deletionTimestamp: "2026-01-02T03:04:05Z" } }];
  assert.deepEqual(await confirmStep(options).run(), []);
  assert.match(requests.at(-1)?.url ?? "", /pods\/web\?gracePeriodSeconds=0$/);
});

test("a Node that may not delete itself is left to an administrator, with the command", async () => {
  const step = nodeStep(setUp().options);
  assert.deepEqual(await step.list(), ["delete Node gpu-1, if the cluster allows a node to do that"]);
  assert.match((await step.run())[0] ?? "", /with an administrator's rights: kubectl delete node gpu-1$/);
  assert.deepEqual(await nodeStep(setUp({ mayDelete: true }).options).run(), []);
  assert.deepEqual(await nodeStep(setUp({ isKnown: false }).options).list(), []);
});
