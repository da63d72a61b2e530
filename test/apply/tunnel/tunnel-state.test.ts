import assert from "node:assert/strict";
import { test } from "node:test";
import { readTunnelState, renderState } from "../../../agent/apply/tunnel/tunnel-state.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";

test("the private key in the first field of wg's dump is not taken over, and an interface of another kind has none", async () => {
  const host = new MemoryHost();
  new MemoryNetwork(host).addLink();
  host.install("wg", () => ({
    stdout: "SECRET\tPUBLIC\t51820\toff\nPEER\tSHARED\t192.0.2.1:1\t10.0.0.0/8\t0\t0\t0\toff\n",
  }));
  const state = await readTunnelState(host, "es0");
  assert.deepEqual(state.peers, [
    { publicKey: "PEER", endpoint: "192.0.2.1:1", allowedIps: ["10.0.0.0/8"], keepaliveSeconds: 0 },
  ]);
  assert.doesNotMatch(`${JSON.stringify(state)}${renderState("es0", state)}`, /SECRET|SHARED/);
  for (const answer of [{ exitCode: 1, stderr: "Protocol not supported" }, { stdout: "" }]) {
    host.install("wg", () => answer);
    assert.match(renderState("es0", await readTunnelState(host, "es0")) ?? "", /public key \(none\)/);
  }
});

test("without an interface there may still be an address", async () => {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  assert.equal(renderState("es0", await readTunnelState(host, "es0")), undefined);
  network.addresses.set("10.250.0.11/32", "lo:es0");
  assert.equal(renderState("es0", await readTunnelState(host, "es0")), "address 10.250.0.11/32 on lo\n");
});

test("an answer of ip that is none of ip's is an error, and is not quoted", async () => {
  const host = new MemoryHost();
  for (const stdout of ["{", '[{"addr_info": "SECRET"}]', '"SECRET"']) {
    host.install("ip", () => ({ stdout }));
    await assert.rejects(readTunnelState(host, "es0"), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, "tunnel-not-set");
      assert.doesNotMatch(error.message, /SECRET/);
      return true;
    });
  }
});
