import assert from "node:assert/strict";
import { test } from "node:test";
import { entryOfConfig, readClusterWord } from "../../agent/network/tunnel-entry.ts";
import { renderGatewayEntry, renderNodeEntry } from "../../agent/tunnel/entries.ts";
import { makePrivateKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { sampleConfig } from "../fakes/samples.ts";
import { clusterMaps, OTHER_KEY, STATIC_TUNNEL } from "./samples.ts";

/** @param day of its start */
function gateway(name: string, publicKey: string, address: string, day = "1") {
  return renderGatewayEntry(name, {
    ...{ publicKey, address, endpoint: "198.51.100.5:51820", mtu: 1420, peers: {} },
    since: `2026-01-0${day}T00:00:00Z`,
  });
}

test("a node without an entry, and a cluster without a gateway, are two words", () => {
  const { network } = clusterMaps();
  assert.deepEqual(readClusterWord("gpu-1", undefined, {}), { kind: "no-network" });
  assert.deepEqual(readClusterWord("gpu-9", network, {}), { kind: "no-entry" });
});

test("an entry has the node's address, the networks behind the gateways, and of their peers this node alone", () => {
  const { network, gateways } = clusterMaps({ "gpu-1": OTHER_KEY, "gpu-2": OTHER_KEY });
  const word = readClusterWord("gpu-1", network, gateways);
  assert.ok(word.kind === "entry");
  assert.deepEqual(word.entry, {
    address: "10.250.0.11",
    pods: ["10.251.16.0/24"],
    isKeyPinned: false,
    vpcCidrs: ["10.20.0.0/16"],
    remoteNetworks: ["10.250.0.0/24", "10.251.0.0/16"],
    serviceCidr: "10.100.0.0/16",
    gateways: [
      {
        ...{ name: "gw-1", publicKey: OTHER_KEY, endpoint: "198.51.100.5:51820", address: "10.20.1.5", mtu: 1420 },
        peers: { "gpu-1": OTHER_KEY },
      },
    ],
  });
  assert.equal(word.problem, undefined);
});

test("a key that an administrator has entered is pinned, and so is that of a static tunnel", () => {
  const { network, gateways } = clusterMaps();
  const entry = renderNodeEntry("gpu-1", { address: "10.250.0.11", pods: [], publicKey: OTHER_KEY });
  const word = readClusterWord("gpu-1", { ...network, ...entry }, gateways);
  assert.ok(word.kind === "entry" && word.entry.isKeyPinned);
  assert.ok(entryOfConfig(sampleConfig(STATIC_TUNNEL)).isKeyPinned);
});

test("garbage in this node's entry or the network's is an error, in another node's it is none of ours", () => {
  const { network, gateways } = clusterMaps();
  const invalid = { code: "tunnel-entry-invalid" };
  assert.throws(() => readClusterWord("gpu-1", { ...network, "gpu-1": "{" }, gateways), invalid);
  assert.throws(() => readClusterWord("gpu-1", { ...network, _network: "[]" }, gateways), invalid);
  const { _network, ...rest } = network;
  assert.throws(() => readClusterWord("gpu-1", rest, gateways), { ...invalid, message: /no _network/ });
  const other = readClusterWord("gpu-1", { ...network, "gpu-2": "x".repeat(300_000) }, gateways);
  assert.ok(other.kind === "entry" && other.problem === undefined);
});

test("an address that another node has already is an error that names it", () => {
  const { network } = clusterMaps();
  const taken = { ...network, "gpu-0": network["gpu-1"] ?? "" };
  assert.throws(() => readClusterWord("gpu-1", taken, {}), {
    code: "tunnel-entry-invalid",
    message: /which is gpu-0's/,
  });
});

test("a gateway's garbage is a problem, and the other gateways hold", () => {
  const { network, gateways } = clusterMaps();
  const word = readClusterWord("gpu-1", network, { ...gateways, "gw-0": "?" });
  assert.ok(word.kind === "entry");
  assert.deepEqual(
    word.entry.gateways.map(({ name }) => name),
    ["gw-1"],
  );
  assert.match(word.problem?.message ?? "", /entry gw-0/);
});

test("however many gateways write themselves in, a node keeps the two that began last", () => {
  const { network } = clusterMaps();
  const many = Array.from({ length: 100 }, (_, index) =>
    gateway(`gw-${index + 100}`, publicKeyOf(makePrivateKey()), `10.20.1.${index}`),
  );
  const word = readClusterWord("gpu-1", network, Object.assign({}, ...many));
  assert.equal(word.kind === "entry" && word.entry.gateways.length, 2);
});

test("a static tunnel's entry is what the configuration says", () => {
  const { address, gateways, serviceCidr } = entryOfConfig(sampleConfig(STATIC_TUNNEL));
  assert.deepEqual([address, serviceCidr], ["10.250.0.11", undefined]);
  assert.deepEqual(
    gateways.map(({ name, mtu, peers }) => [name, mtu, peers]),
    [["gateways[0]", undefined, undefined]],
  );
});

test("of two gateways with one key, or with one address, the newer one is in force, and the order by name stays", () => {
  const { network } = clusterMaps();
  const [second = "", third = ""] = [1, 2].map(() => publicKeyOf(makePrivateKey()));
  const word = readClusterWord("gpu-1", network, {
    ...gateway("a-renamed", OTHER_KEY, "10.20.1.5", "1"),
    ...gateway("b-replaced", second, "10.20.1.6", "2"),
    ...gateway("c", OTHER_KEY, "10.20.1.5", "3"),
    ...gateway("d", third, "10.20.1.6", "4"),
    ...gateway("e", second, "10.20.1.7", "1"),
  });
  assert.ok(word.kind === "entry");
  assert.deepEqual(
    word.entry.gateways.map(({ name }) => name),
    ["c", "d"],
  );
});
