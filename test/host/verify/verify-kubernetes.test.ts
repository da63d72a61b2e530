// The API server's objects as `verify` reads them, from a server that answers as the real one does.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createVerifyKubernetes, type VerifyKubernetes } from "../../../agent/host/verify/verify-kubernetes.ts";

const CERTIFICATES = join(import.meta.dirname, "../../fixtures/certificates");
const folder = mkdtempSync(join(tmpdir(), "verify-"));
const asked: string[] = [];
const answers = new Map<string, { readonly status: number; readonly body: unknown }>();
let server: Server;
let api: VerifyKubernetes;

before(async () => {
  const [cert, key] = ["pem", "key"].map((end) => readFileSync(join(CERTIFICATES, `localhost.${end}`), "utf8"));
  server = createServer({ cert, key }, ({ method, url = "" }, response) => {
    asked.push(`${method} ${url}`);
    const { status, body } = answers.get(url.split("?")[0] ?? "") ?? { status: 404, body: { message: "not found" } };
    response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const file = join(folder, "config");
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const document = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "c" },
    clusters: [{ name: "c", cluster: { server: url, "certificate-authority": join(CERTIFICATES, "localhost.pem") } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  };
  writeFileSync(file, JSON.stringify(document));
  api = createVerifyKubernetes({ files: [file] }, () => undefined);
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test("a Node's state and its GPUs", async () => {
  const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }];
  const body = {
    spec: { providerID: "eks-hybrid:///r/c/n", unschedulable: true },
    status: { conditions, allocatable: { "nvidia.com/gpu": "8" } },
  };
  answers.set("/api/v1/nodes/n", { status: 200, body });
  assert.deepEqual(await api.readNode("n"), {
    ...{ providerId: "eks-hybrid:///r/c/n", isUnschedulable: true, gpus: 8 },
    ready: { status: "True", reason: "KubeletReady", message: "ready" },
  });
  answers.set("/api/v1/nodes/bare", { status: 200, body: {} });
  const { ready, gpus } = await api.readNode("bare");
  assert.deepEqual([ready.status, gpus], ["Unknown", 0]);
});

test("an answer that is no success keeps its status and its words", async () => {
  answers.set("/api/v1/nodes/n/proxy/healthz", { status: 503, body: { message: "dial tcp: i/o timeout" } });
  await assert.rejects(api.askNode("n", "healthz"), ({ code, body }: { code: number; body: string }) => {
    assert.equal(code, 503);
    assert.match(JSON.stringify(body), /i\/o timeout/);
    return true;
  });
});

test("a pod's containers: waiting, running, ended", async () => {
  const containerStatuses = [
    { name: "a", state: { waiting: { reason: "ErrImagePull", message: "no such host" } } },
    { name: "b", state: { running: {} } },
    { name: "c", state: { terminated: { exitCode: 3, reason: "Error", message: "said" } } },
  ];
  const body = { status: { phase: "Pending", containerStatuses } };
  answers.set("/api/v1/namespaces/default/pods/p", { status: 200, body });
  assert.deepEqual(await api.readPod({ namespace: "default", name: "p" }), {
    ...{ phase: "Pending", reason: "", message: "" },
    containers: [
      { name: "a", isRunning: false, waiting: { reason: "ErrImagePull", message: "no such host" } },
      { name: "b", isRunning: true },
      { name: "c", isRunning: false, terminated: { exitCode: 3, reason: "Error", message: "said" } },
    ],
  });
});

test("what is removed already is no error, and a pod goes at once", async () => {
  asked.length = 0;
  await api.remove("pod", { namespace: "default", name: "gone" });
  await api.remove("service", { namespace: "default", name: "gone" });
  assert.deepEqual(asked, [
    "DELETE /api/v1/namespaces/default/pods/gone?gracePeriodSeconds=0",
    "DELETE /api/v1/namespaces/default/services/gone",
  ]);
});

test("labelled objects with their age, a Service's addresses, a class that is not there", async () => {
  const item = { metadata: { name: "p", creationTimestamp: "2026-01-02T03:04:05Z" } };
  answers.set("/api/v1/namespaces/default/pods", { status: 200, body: { items: [item] } });
  assert.deepEqual(await api.list("pod", "default", "l"), [{ name: "p", createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5) }]);
  const body = { spec: { clusterIP: "10.100.0.1", ports: [{ port: 80, nodePort: 30_001 }] } };
  answers.set("/api/v1/namespaces/default/services/s", { status: 200, body });
  assert.deepEqual(await api.readService({ namespace: "default", name: "s" }), {
    clusterIp: "10.100.0.1",
    nodePort: 30_001,
  });
  assert.equal(await api.hasRuntimeClass("nvidia"), false);
});
