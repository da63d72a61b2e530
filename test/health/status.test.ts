import assert from "node:assert/strict";
import { test } from "node:test";
import { createStatus, type StatusFragment } from "../../agent/health/status.ts";
import { sampleConfig } from "../fakes/samples.ts";

const render = (...fragments: StatusFragment[]) =>
  createStatus({
    config: sampleConfig(),
    startMs: 12,
    sources: fragments.map((fragment) => ({ status: () => fragment })),
  })();

test("sections that several parts know something of become one", () => {
  const { kubelet, node } = render(
    { kubelet: { version: "1.34.4" }, node: { kernel: "6.8" } },
    { kubelet: { pid: 7, restarts: 0, restartsByReason: {} } },
  );
  assert.deepEqual(kubelet, { version: "1.34.4", pid: 7, restarts: 0, restartsByReason: {} });
  assert.deepEqual([node.name, node.kernel], ["gpu-1", "6.8"], "beside what the configuration says");
});

test("what a part does not know is absent, and takes away nothing that another one knows", () => {
  const { kubelet, cluster } = render({ kubelet: { version: undefined } }, { cluster: { endpoint: undefined } });
  assert.deepEqual(kubelet, {});
  assert.deepEqual(cluster, sampleConfig().cluster);
  assert.equal(render({ cluster: { version: "1.34" } }, { cluster: { version: undefined } }).cluster.version, "1.34");
});

test("a list is replaced, and not merged", () => {
  const event = { at: "2026-01-02T00:00:00.000Z", type: "Normal", reason: "A", message: "a" } as const;
  assert.deepEqual(render({ events: [event] }, { events: [] }).events, []);
});
