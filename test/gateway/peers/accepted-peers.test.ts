import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptPeers } from "../../../agent/gateway/peers/accepted-peers.ts";
import { readNetworkMap, renderNetworkEntry } from "../../../agent/tunnel/entries.ts";

const [KEY_A = "", KEY_B = "", OWN = ""] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64"));
const NETWORK = {
  nodes: "10.250.0.0/24",
  pods: "10.250.16.0/20",
  vpcCidrs: ["10.20.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};

interface Given {
  readonly network?: typeof NETWORK | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly held?: Readonly<Record<string, string>>;
}

function accept(entries: Readonly<Record<string, unknown>>, { network = NETWORK, annotations = {}, held = {} }: Given) {
  const texts = Object.entries(entries).map(([name, entry]) => [
    name,
    typeof entry === "string" ? entry : JSON.stringify(entry),
  ]);
  const map = readNetworkMap({ ...renderNetworkEntry(network), ...Object.fromEntries(texts) });
  const { peers, problems, waiting } = acceptPeers({
    map,
    annotations: new Map(Object.entries(annotations)),
    held: new Map(Object.entries(held)),
    ownKey: OWN,
  });
  return { peers, waiting, codes: problems.map(({ code }) => code), messages: problems.map(({ message }) => message) };
}

test("a node's addresses are the administrator's, its key is the node's or the pinned one", () => {
  const { peers, waiting, codes } = accept(
    {
      a: { address: "10.250.0.11", pods: ["10.250.16.0/24"] },
      b: { address: "10.250.0.12", publicKey: KEY_B },
      c: { address: "10.250.0.13" },
    },
    { annotations: { a: KEY_A, b: KEY_A, z: KEY_B } },
  );
  assert.deepEqual(peers, [
    { node: "a", publicKey: KEY_A, address: "10.250.0.11", allowedIps: ["10.250.0.11/32", "10.250.16.0/24"] },
    { node: "b", publicKey: KEY_B, address: "10.250.0.12", allowedIps: ["10.250.0.12/32"] },
  ]);
  assert.deepEqual([waiting, codes], [["c"], []]);
});

test("an entry outside the cluster's networks is refused, and the others hold", () => {
  const good = { address: "10.250.0.11" };
  const annotations = { a: KEY_A, b: KEY_B };
  for (const [bad, message] of [
    [{ address: "10.20.1.10" }, "entry b: address 10.20.1.10 is not within the nodes' network 10.250.0.0/24"],
    [
      { address: "10.250.0.12", pods: ["0.0.0.0/0"] },
      "entry b: pods 0.0.0.0/0 is not within the pods' network 10.250.16.0/20",
    ],
    [{ address: "10.250.0.12", pods: ["10.250.0.0/24"] }, /pods 10\.250\.0\.0\/24 is not within/],
  ] as const) {
    const { peers, codes, messages } = accept({ a: good, b: bad }, { annotations });
    assert.deepEqual([peers.map(({ node }) => node), codes], [["a"], ["tunnel-entry-outside"]]);
    if (typeof message === "string") assert.equal(messages[0], message);
    else assert.match(messages[0] ?? "", message);
  }
  const { pods: _, ...withoutPods } = NETWORK;
  const entries = { a: { address: "10.250.0.11", pods: ["10.250.16.0/24"] } };
  assert.deepEqual(accept(entries, { network: withoutPods as typeof NETWORK, annotations }).codes, [
    "tunnel-entry-outside",
  ]);
});

test("overlaps and garbage are refused one by one", () => {
  const { peers, codes, messages } = accept(
    {
      a: { address: "10.250.0.11", pods: ["10.250.16.0/24"] },
      b: { address: "10.250.0.12", pods: ["10.250.16.128/25"] },
      c: { address: "10.250.0.11" },
      d: "{",
      e: { address: "10.250.0.14", pods: ["10.250.17.0/24", "10.250.17.0/25"] },
      // b's address is free again: nothing of a refused entry is taken.
      f: { address: "10.250.0.12" },
    },
    { annotations: { a: KEY_A, f: KEY_B } },
  );
  assert.deepEqual(
    peers.map(({ node }) => node),
    ["a"],
  );
  assert.deepEqual(codes.toSorted(), [
    "tunnel-entry-invalid",
    "tunnel-entry-invalid",
    "tunnel-entry-invalid",
    "tunnel-entry-overlaps",
    "tunnel-entry-overlaps",
  ]);
  assert.ok(messages.includes("entry b: 10.250.16.128/25 overlaps with a's"));
  assert.ok(messages.includes("entry e: 10.250.17.0/25 overlaps with another of e's"));
});

test("a key that two nodes say is the one's who had it, whatever the names", () => {
  const entries = { a: { address: "10.250.0.11" }, b: { address: "10.250.0.12" } };
  const annotations = { a: KEY_A, b: KEY_A };
  const first = accept(entries, { annotations });
  assert.deepEqual([first.peers.map(({ node }) => node), first.codes], [["a"], ["tunnel-key-taken"]]);
  const later = accept(entries, { annotations, held: { b: KEY_A } });
  assert.deepEqual([later.peers.map(({ node }) => node), later.messages], [["b"], ["Node a says a key that is b's"]]);
  const pinned = { ...entries, a: { address: "10.250.0.11", publicKey: KEY_A } };
  assert.deepEqual(
    accept(pinned, { annotations, held: { b: KEY_A } }).peers.map(({ node }) => node),
    ["a"],
  );
});

test("a key stays its node's while the Node is away, and is free when the node says another", () => {
  const entries = { a: { address: "10.250.0.11" }, b: { address: "10.250.0.12" } };
  const held = { a: KEY_A };
  const away = accept(entries, { annotations: { b: KEY_A }, held });
  assert.deepEqual([away.peers, away.codes], [[], ["tunnel-key-taken"]]);
  const rotated = accept(entries, { annotations: { a: KEY_B, b: KEY_A }, held });
  assert.deepEqual(
    rotated.peers.map(({ node, publicKey }) => [node, publicKey]),
    [
      ["a", KEY_B],
      ["b", KEY_A],
    ],
  );
});

test("what is no key, or the gateway's own, is no peer's", () => {
  const entries = { a: { address: "10.250.0.11" }, b: { address: "10.250.0.12" }, c: { address: "10.250.0.13" } };
  const { peers, codes } = accept(entries, { annotations: { a: "x".repeat(100_000), b: OWN, c: KEY_A } });
  assert.deepEqual(
    peers.map(({ node }) => node),
    ["c"],
  );
  assert.deepEqual(codes, ["tunnel-key-invalid", "tunnel-key-taken"]);
});

test("without the cluster's networks no node is accepted", () => {
  const map = readNetworkMap({ a: '{"address":"10.250.0.11"}' });
  const none = acceptPeers({ map, annotations: new Map([["a", KEY_A]]), held: new Map(), ownKey: OWN });
  assert.deepEqual([none.peers, none.problems], [[], []]);
});

test("5,000 nodes are no matter of minutes", () => {
  const wide = { ...NETWORK, nodes: "10.128.0.0/16", pods: "10.192.0.0/10" };
  const nodes = Array.from({ length: 5000 }, (_, index) => {
    const high = index >> 8;
    return [
      `gpu-${index}`,
      { address: `10.128.${high}.${index & 255}`, pods: [`10.${192 + high}.${index & 255}.0/24`] },
    ] as const;
  });
  const keyOf = (index: number) => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32BE(index + 1);
    return bytes.toString("base64");
  };
  const annotations = Object.fromEntries(nodes.map(([name], index) => [name, keyOf(index)]));
  const startedMs = performance.now();
  const { peers, codes } = accept(Object.fromEntries(nodes), { network: wide, annotations });
  assert.deepEqual([peers.length, codes], [5000, []]);
  assert.ok(performance.now() - startedMs < 5000);
});
