// A tunnel in the rounds of convergence: set, repaired, counted, and gone with its entry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TUNNEL_KEY_FILE } from "../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { setUpConverger } from "../fakes/memory-converger.ts";
import { MemoryNetwork } from "../fakes/memory-network.ts";
import { sampleConfig, sampleTunnelFacts } from "../fakes/samples.ts";

const NONE = { kind: "none", reason: "NoEntry", message: "a test" } as const;

function setUp() {
  const machine = setUpConverger(sampleConfig());
  const network = new MemoryNetwork(machine.host);
  const key = makePrivateKey();
  machine.host.files.put(TUNNEL_KEY_FILE, key.reveal(), { mode: 0o600 });
  machine.known.tunnel = sampleTunnelFacts({ publicKey: publicKeyOf(key) });
  const address = () => machine.specs.at(-1)?.command.args.find((arg) => arg.startsWith("--node-ip="));
  return { ...machine, network, address };
}

test("a tunnel is set before kubelet is wanted, with its address", async () => {
  const { converger, network, address, failures } = setUp();
  await converger.round();
  assert.ok(network.link?.isUp);
  assert.equal(address(), "--node-ip=10.250.0.11");
  assert.deepEqual(failures, [undefined]);
  assert.equal(converger.tunnel?.links[0]?.peers.length, 1);
});

test("what another process changes of it is repaired and counted as a repair", async () => {
  const { converger, network, repairs } = setUp();
  await converger.round();
  network.removeLink();
  await converger.round();
  assert.deepEqual(repairs, ["tunnel:es0"]);
  assert.equal(network.routes.size, 2);
});

test("with the entry everything of it goes, and kubelet gets its old address; with another one it comes again", async () => {
  const { converger, network, known, address } = setUp();
  const before = known.tunnel;
  for (let turn = 0; turn < 2; turn += 1) {
    await converger.round();
    assert.ok(network.link?.isUp);
    known.tunnel = NONE;
    await converger.round();
    assert.deepEqual(
      [network.link, network.addresses.size, network.chains.has("EKS-SATELLITE")],
      [undefined, 0, false],
    );
    assert.equal(address(), "--node-ip=192.0.2.10");
    if (before !== undefined) known.tunnel = before;
  }
});

test("while nothing is known of it, it stays", async () => {
  const { converger, network, known } = setUp();
  await converger.round();
  known.tunnel = { kind: "waiting" };
  await converger.round();
  assert.ok(network.link?.isUp);
});

test("a tunnel that cannot be set is TunnelConfigured's, and the rest of the node is in sync", async () => {
  const { converger, network, board, failures } = setUp();
  network.kernelHasWireguard = false;
  await converger.round();
  assert.equal((failures[0] as { code?: string }).code, "kernel-lacks-wireguard");
  assert.ok(board.isTrue("ConfigInSync"));
});
