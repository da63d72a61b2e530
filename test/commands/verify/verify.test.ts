// `verify` at the terminal: a line for each row, JSON, exit codes, and the kubeconfig that kubectl would use.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type VerifyCommandOptions, verifyCommand } from "../../../agent/commands/verify/verify.ts";
import type { KubeconfigFiles } from "../../../agent/host/verify/kubeconfig.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";
import { MemoryVerify } from "../../fakes/memory-verify.ts";

const OPTIONS: VerifyCommandOptions = {
  ...{ node: "gpu-1", namespace: "default", image: "busybox", podNetwork: "host", output: "text" },
  ...{ only: [], skip: [] },
};

async function verify(
  options: Partial<VerifyCommandOptions> = {},
  { kubernetes = new MemoryVerify(), environment = { HOME: "/home/joe" }, stop = new AbortController() } = {},
) {
  const clock = new MemoryClock();
  const printed: string[] = [];
  const opened: KubeconfigFiles[] = [];
  const openKubernetes = async (files: KubeconfigFiles) => {
    opened.push(files);
    return kubernetes;
  };
  let isDone = false;
  const context = { host: { clock }, environment, stopSignal: stop.signal, openKubernetes };
  const running = verifyCommand(context, { ...OPTIONS, ...options }, (text) => void printed.push(text)).finally(() => {
    isDone = true;
  });
  running.catch(() => undefined);
  for (let second = 0; second < 60 && !isDone; second += 1) await clock.advance(1000);
  return { exitCode: await running, said: printed.join(""), opened, kubernetes };
}

test("each row is a line, and a node that is well gives exit code 0", async () => {
  const { exitCode, said } = await verify();
  assert.equal(exitCode, 0);
  assert.match(said, /^✓ node {10}the Node is Ready$/m);
  assert.match(said, /^○ gpu {11}the Node offers no nvidia\.com\/gpu$/m);
  assert.match(said, /^10 ok, 0 warned, 0 failed, 1 not tried, in \d+\.\d s$/m);
});

test("a failure has its code, what to do, and exit code 1, in words and as JSON", async () => {
  const kubernetes = new MemoryVerify();
  kubernetes.faults.set("askNode", apiError(503, "dial tcp 10.250.0.2:10250: i/o timeout"));
  const words = await verify({}, { kubernetes });
  assert.equal(words.exitCode, 1);
  assert.match(words.said, /^✗ kubelet {7}kubelet-unreachable: .*i\/o timeout\n {4}→ eks-satellite gateway check /m);
  const { exitCode, said } = await verify({ output: "json" }, { kubernetes });
  const { ok, node, rows, left } = JSON.parse(said);
  assert.deepEqual([exitCode, ok, node, left], [1, false, "gpu-1", []]);
  assert.equal(rows.find(({ name }: { name: string }) => name === "kubelet").code, "kubelet-unreachable");
});

test("an interrupted run, and one that leaves something, has not verified the node", async () => {
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(verify({}, { stop }), { code: "interrupted" });
  const kubernetes = new MemoryVerify();
  kubernetes.faults.set("remove", apiError(403, "pods is forbidden"));
  const { exitCode, said } = await verify({}, { kubernetes });
  assert.equal(exitCode, 1);
  assert.match(said, /^! left in the cluster: pod default\/eks-satellite-verify-[0-9a-f]{8}: delete of /m);
});

test("--only and --skip choose rows, in the report's order", async () => {
  const { said } = await verify({ only: ["kubelet", "node"], skip: ["kubelet"] });
  assert.match(said, /^✓ node .*\n1 ok, /);
});

test("the kubeconfig is the one that is named, or those that kubectl would read", async () => {
  const filesOf = async (...args: Parameters<typeof verify>) => (await verify(...args)).opened[0];
  assert.deepEqual(await filesOf({ kubeconfig: "k", context: "c" }), { files: ["k"], context: "c" });
  const environment = { HOME: "/home/joe", KUBECONFIG: "a::b" };
  assert.deepEqual(await filesOf({}, { environment }), { files: ["a", "b"] });
  assert.deepEqual(await filesOf({}), { files: ["/home/joe/.kube/config"] });
  await assert.rejects(verify({}, { environment: { HOME: "" } }), { code: "options-invalid" });
});
