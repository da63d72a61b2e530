import assert from "node:assert/strict";
import { test } from "node:test";
import { readGatewayHealth } from "../../agent/tunnel/health.ts";

test("a gateway's answer is read, and what is none is undefined", () => {
  const answer = {
    gateway: "gw-1",
    you: { address: "10.250.0.11", node: "gpu-1", kubelet: "ok" },
    apiServers: [{ address: "10.20.1.10", reach: "ok" }],
  };
  assert.deepEqual(readGatewayHealth(JSON.stringify(answer)), answer);
  for (const text of ["", "ok", "{}", JSON.stringify({ ...answer, you: { address: "x" } })]) {
    assert.equal(readGatewayHealth(text), undefined);
  }
});
