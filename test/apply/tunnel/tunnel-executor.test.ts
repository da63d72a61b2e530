import assert from "node:assert/strict";
import { test } from "node:test";
import type { WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { actionsOf, codesOf, createRounds, failureOf } from "../../fakes/rounds.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";

const GATEWAY = sampleGateway();
const OTHER = sampleGateway({
  name: "gw-2",
  publicKey: "4J3vxUhHbkmYWTWhXWgb0wU6HEFBn7DyvK4WOOCQ/EY=",
  address: "10.20.2.5",
});

/** A machine with a key of its own; `plan` is its tunnel, `network` what is set. */
function setUp() {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  const newKey = () => {
    const key = makePrivateKey();
    host.files.put(TUNNEL_KEY_FILE, `${key.reveal()}\n`, { mode: 0o600 });
    return publicKeyOf(key);
  };
  const publicKey = newKey();
  const planAll = (changes: Partial<WantedTunnel> = {}, yaml = "") =>
    planTunnel(sampleConfig(yaml), sampleTunnel({ publicKey, ...changes })).filter(({ kind }) => kind === "tunnel");
  const plan = (changes: Partial<WantedTunnel> = {}, yaml = "") => {
    const [tunnel] = planAll(changes, yaml);
    assert.ok(tunnel?.kind === "tunnel");
    return tunnel;
  };
  return { host, network, plan, planAll, newKey, publicKey, rounds: createRounds(host) };
}

test("a tunnel is made in one round: the address before the interface, since kubelet needs it", async () => {
  const { network, plan, rounds, publicKey } = setUp();
  assert.deepEqual(actionsOf(await rounds.apply(plan())), ["create"]);
  assert.deepEqual(network.changes, [
    "ip address replace 10.250.0.11/32 label lo:es0 dev lo",
    "ip link add dev es0 type wireguard",
    `wg set es0 private-key ${TUNNEL_KEY_FILE}`,
    `wg set es0 peer ${GATEWAY.publicKey} endpoint 198.51.100.5:51820 persistent-keepalive 15 allowed-ips 10.20.0.0/16,10.20.1.5/32`,
    "ip link set dev es0 mtu 1420 up",
    "ip -4 route replace 10.20.0.0/16 src 10.250.0.11 dev es0",
    "ip -4 route replace 10.100.0.0/16 src 10.250.0.11 dev es0",
  ]);
  assert.equal(network.publicKey, publicKey);
  assert.equal(network.host.files.peek("/proc/sys/net/ipv4/conf/es0/rp_filter")?.content, "2");
});

test("a round with nothing to do changes nothing, and asks four questions", async () => {
  const { host, network, plan, rounds } = setUp();
  await rounds.apply(plan());
  const [changes, commands, writes] = [network.changes.length, host.commands.length, host.files.changes.length];
  assert.deepEqual(actionsOf(await rounds.apply(plan())), []);
  assert.equal(network.changes.length, changes);
  assert.equal(host.files.changes.length, writes);
  assert.deepEqual(host.commands.slice(commands).toSorted(), [
    "ip -json -4 route show table main dev es0",
    "ip -json -4 route show table main type unreachable",
    "ip -json address show",
    "wg show es0 dump",
  ]);
});

type SetUp = ReturnType<typeof setUp>;

/** What another process does to the tunnel, and all that repairs it. */
const DRIFT: Readonly<Record<string, readonly [drift: (machine: SetUp) => void, repair: readonly RegExp[]]>> = {
  "the interface is deleted": [
    ({ network }) => network.removeLink(),
    [/link add/, /private-key/, /peer/, /mtu/, /route/, /route/],
  ],
  "the address is removed": [({ network }) => network.addresses.clear(), [/address replace 10\.250\.0\.11/]],
  "another address stands under the label": [
    ({ network }) => network.addresses.set("10.250.0.99/32", "lo:es0"),
    [/address delete 10\.250\.0\.99\/32 dev lo/],
  ],
  "a route is removed": [
    ({ network }) => network.routes.delete("10.20.0.0/16"),
    [/route replace 10\.20\.0\.0\/16 src/],
  ],
  "a route loses its source": [
    ({ network }) => network.routes.set("10.100.0.0/16", undefined),
    [/route replace 10\.100\.0\.0\/16 src 10\.250\.0\.11/],
  ],
  "a route that is none of ours leads into the tunnel": [
    ({ network }) => network.routes.set("203.0.113.0/24", undefined),
    [/route delete 203\.0\.113\.0\/24/],
  ],
  "the MTU is another": [({ network }) => network.setMtu(1500), [/mtu 1420 up/]],
  "the key is another": [
    ({ network }) => {
      network.first.publicKey = OTHER.publicKey;
    },
    [/private-key/],
  ],
  "the peer is removed": [({ network }) => network.peers.clear(), [/^wg set es0 peer hIA3\S+ endpoint/]],
  "a foreign peer is added": [
    ({ network }) => network.peers.set(OTHER.publicKey, { endpoint: "(none)", allowedIps: "(none)", keepalive: "off" }),
    [/^wg set es0 peer 4J3v\S+ remove$/],
  ],
  "the gateway seems to have moved": [
    ({ network }) =>
      network.peers.set(GATEWAY.publicKey, {
        endpoint: "203.0.113.9:7",
        allowedIps: "10.20.0.0/16,10.20.1.5/32",
        keepalive: "15",
      }),
    [/endpoint 198\.51\.100\.5:51820/],
  ],
  "the reverse path filter is strict": [
    ({ host }) => host.files.put("/proc/sys/net/ipv4/conf/es0/rp_filter", "1\n"),
    [],
  ],
};

for (const [what, [drift, repair]] of Object.entries(DRIFT)) {
  test(`${what}: the next round repairs that and nothing else`, async () => {
    const machine = setUp();
    const { network, plan, rounds } = machine;
    await rounds.apply(plan());
    drift(machine);
    const before = network.changes.length;
    assert.deepEqual(actionsOf(await rounds.apply(plan())), ["update"]);
    const repairs = network.changes.slice(before);
    assert.equal(repairs.length, repair.length, repairs.join("\n"));
    for (const [index, pattern] of repair.entries()) assert.match(repairs[index] ?? "", pattern);
    assert.deepEqual(actionsOf(await rounds.apply(plan())), [], "and the one after it finds nothing");
  });
}

test("the networks of the node's pods lead nowhere but to pods, and come and go with the entry", async () => {
  const { network, plan, rounds } = setUp();
  const pods = ["10.251.16.0/25", "10.251.17.0/25"];
  await rounds.apply(plan({ pods }));
  assert.deepEqual([...network.unreachable], pods);
  assert.ok(network.changes.includes("ip -4 route replace unreachable 10.251.16.0/25 proto 137 metric 4294967294"));
  network.unreachable.delete("10.251.16.0/25");
  assert.deepEqual(actionsOf(await rounds.apply(plan({ pods }))), ["update"]);
  await rounds.apply(plan({ pods: ["10.251.17.0/25"] }));
  assert.deepEqual([...network.unreachable], ["10.251.17.0/25"]);
});

test("another gateway takes over: its interface gets the routes before the other one loses them", async () => {
  const { network, planAll, rounds } = setUp();
  const round = (changes: object) => rounds.apply(...planAll({ gateways: [GATEWAY, OTHER], ...changes }));
  await round({});
  assert.deepEqual([...network.second.routes.keys()], ["10.20.2.5/32"], "the standing one can be asked");
  assert.equal(network.second.peers.get(OTHER.publicKey)?.allowedIps, "10.20.0.0/16,10.20.2.5/32");
  const before = network.changes.length;
  await round({ carrier: OTHER.name });
  assert.deepEqual(
    network.changes.slice(before).map((line) => line.replace(/^ip -4 route | src .*/g, "")),
    ["replace 10.20.0.0/16", "replace 10.100.0.0/16"],
  );
  assert.deepEqual([...network.routes.keys()], ["10.20.1.5/32"]);
  assert.deepEqual([...network.addresses], [["10.250.0.11/32", "lo:es0"]]);
  // Without an address of its own an interface drops what comes from where the other one leads.
  for (const link of [network.first, network.second]) assert.deepEqual([...link.addresses], ["10.250.0.11/32"]);
  await rounds.apply(...planAll({ gateways: [GATEWAY] }));
  assert.deepEqual([...network.first.addresses], []);
});

test("another address replaces the one before, and its routes with it", async () => {
  const { network, plan, rounds } = setUp();
  await rounds.apply(plan());
  await rounds.apply(plan({ address: "10.250.0.12" }));
  assert.deepEqual([...network.addresses], [["10.250.0.12/32", "lo:es0"]]);
  assert.deepEqual([...network.routes.values()], ["10.250.0.12", "10.250.0.12"]);
});

test("a key that is rotated by hand is set, and the sessions of other machines are no business of it", async () => {
  const { network, plan, rounds, newKey } = setUp();
  await rounds.apply(plan());
  const publicKey = newKey();
  const before = network.changes.length;
  await rounds.apply(plan({ publicKey }));
  assert.deepEqual(network.changes.slice(before), [`wg set es0 private-key ${TUNNEL_KEY_FILE}`]);
  assert.equal(network.publicKey, publicKey);
});

test("a kernel without WireGuard is reported, and no program is started in its place; the address is there for kubelet", async () => {
  const { network, plan, rounds } = setUp();
  network.kernelHasWireguard = false;
  assert.deepEqual(codesOf(await rounds.apply(plan())), ["kernel-lacks-wireguard"]);
  assert.equal(network.unit, undefined);
  assert.ok(network.addresses.has("10.250.0.11/32"));
});

test("where the configuration allows it, wireguard-go runs in a unit that outlives the daemon", async () => {
  const { network, plan, rounds } = setUp();
  network.kernelHasWireguard = false;
  const wanted = plan({}, "network: { tunnel: { userspace: allow } }");
  assert.deepEqual(codesOf(await rounds.apply(wanted)), []);
  assert.deepEqual(network.unit?.slice(-3), ["wireguard-go", "-f", "es0"]);
  for (const option of ["--unit=eks-satellite-wireguard", "--property=Restart=always", "--collect"])
    assert.ok(network.unit?.includes(option), option);
  network.removeLink();
  assert.deepEqual(codesOf(await rounds.apply(wanted)), [], "a unit that has lost its interface is restarted");
});

test("a wireguard-go that is allowed and missing is reported", async () => {
  const { network, plan, rounds } = setUp();
  Object.assign(network, { kernelHasWireguard: false, hasWireguardGo: false });
  const round = await rounds.apply(plan({}, "network: { tunnel: { userspace: allow } }"));
  assert.deepEqual(codesOf(round), ["kernel-lacks-wireguard"]);
  assert.match(failureOf(round), /wireguard-go did not start/);
});

test("a machine without wg is a missing tool, and says which package brings it", async () => {
  const { host, plan, rounds } = setUp();
  host.uninstall("wg");
  const round = await rounds.apply(plan());
  assert.deepEqual(codesOf(round), ["tools-missing"]);
  assert.match(failureOf(round), /needs wg/);
});

test("a dry run says what would be set, changes nothing, and shows no private key", async () => {
  const { host, network, plan, rounds } = setUp();
  const round = await rounds.dryRun(plan());
  assert.deepEqual(actionsOf(round), ["create"]);
  assert.deepEqual(network.changes, []);
  await rounds.apply(plan());
  network.setMtu(1500);
  const [change] = (await rounds.dryRun(plan())).changes;
  const shown = `${change?.before}${change?.after}`;
  assert.match(shown, /MTU 1500[\s\S]*MTU 1420/);
  assert.doesNotMatch(shown, new RegExp(`PRIVATE|${host.files.peek(TUNNEL_KEY_FILE)?.content.trim()}`));
});
