// A gateway's peers, routes and rules with real WireGuard and iptables: what a sync costs the others, and what a satellite may not do.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { WantedDevice } from "../../agent/gateway/gateway-device.ts";
import type { WireguardPeer } from "../../agent/tunnel/wireguard-config.ts";
import { findPrograms } from "../network/real/programs.ts";
import { waitFor } from "../sandbox/wait.ts";
import { ECHO_PORT } from "./real/packets.ts";
import { GATEWAY, METADATA, PeersLab, SATELLITES, VPC_HOST } from "./real/peers-lab.ts";

const programs = findPrograms();
const skip = typeof programs === "string" ? programs : false;
const POLICY = {
  address: GATEWAY,
  mtu: 1420,
  vpcCidrs: ["10.20.0.0/16"],
  services: [{ address: VPC_HOST, port: 443, protocol: "tcp" }],
  allow: [{ cidr: `${VPC_HOST}/32`, port: ECHO_PORT, protocol: "udp" }],
} as const;

/** Peers that never speak. */
function others(count: number): readonly WireguardPeer[] {
  return Array.from({ length: count }, (_, index) => {
    const key = Buffer.alloc(32, 7);
    key.writeUInt32BE(index);
    return { publicKey: key.toString("base64"), allowedIps: [`10.250.${1 + (index >> 8)}.${index & 255}/32`] };
  });
}

describe("a gateway with real WireGuard", { skip, concurrency: 1 }, () => {
  let lab: PeersLab;
  const peerOf = (satellite: "a" | "b") => ({
    publicKey: lab.publicKey(satellite),
    allowedIps: [`${SATELLITES[satellite]}/32`],
  });
  const wanted = (more: Partial<WantedDevice> = {}): WantedDevice => ({
    peers: [peerOf("a"), peerOf("b")],
    routes: [{ network: "10.250.0.0/24" }],
    policy: POLICY,
    ...more,
  });

  before(async () => {
    if (typeof programs === "string") return;
    lab = new PeersLab(programs);
    await lab.up();
    await lab.device.apply(wanted());
    assert.ok(
      (await lab.packets("a", VPC_HOST, { count: 10, everyMs: 500, from: SATELLITES.a })) > 0,
      "a's tunnel is up",
    );
    assert.ok(
      (await lab.packets("b", VPC_HOST, { count: 10, everyMs: 500, from: SATELLITES.b })) > 0,
      "b's tunnel is up",
    );
  });
  after(() => lab?.down());

  test("the second round writes nothing", async () => {
    lab.commands.length = 0;
    assert.deepEqual(await lab.device.apply(wanted()), []);
    assert.ok(
      lab.commands.every((line) => / (?:show|-S|-C) /.test(line)),
      lab.commands.join("\n"),
    );
  });

  test("12 syncs with a peer that comes and goes lose no packet of another", async (context) => {
    const pings = lab.packets("vpc", SATELLITES.a, { count: 150, from: VPC_HOST });
    const [extra] = others(1);
    for (let sync = 0; sync < 12; sync += 1) {
      const peers = sync % 2 === 0 ? [...wanted().peers, ...(extra === undefined ? [] : [extra])] : wanted().peers;
      assert.deepEqual(await lab.device.apply(wanted({ peers })), ["peers"]);
    }
    const received = await pings;
    context.diagnostic(`${received} of 150 packets came back`);
    assert.equal(received, 150);
  });

  test("what a satellite sends from another's address is dropped", async () => {
    await lab.in("b", `ip addr add ${SATELLITES.a}/32 dev lo`);
    assert.equal(await lab.packets("b", VPC_HOST, { count: 5, everyMs: 200, from: SATELLITES.a }), 0);
    assert.equal(await lab.packets("b", VPC_HOST, { count: 5, everyMs: 200, from: SATELLITES.b }), 5);
    assert.equal(
      await lab.packets("a", VPC_HOST, { count: 5, everyMs: 200, from: SATELLITES.a }),
      5,
      "the owner is not disturbed",
    );
    await lab.in("b", `ip addr del ${SATELLITES.a}/32 dev lo`);
  });

  test("a satellite reaches what is allowed, and is refused at once elsewhere; the VPC reaches satellites", async () => {
    await lab.listen("vpc", VPC_HOST, 443, 80);
    await lab.listen("a", SATELLITES.a, 10_250);
    assert.equal((await lab.connect("a", VPC_HOST, 443)).reach, "ok");
    const refused = await lab.connect("a", VPC_HOST, 80);
    assert.equal(refused.reach, "silent", "a router's word, and no connection");
    assert.ok(refused.ms < 1500, `it comes at once: ${refused.ms} ms`);
    assert.equal((await lab.connect("vpc", SATELLITES.a, 10_250)).reach, "ok");
    assert.notEqual((await lab.connect("b", SATELLITES.a, 10_250)).reach, "ok", "satellites do not reach each other");
    await lab.device.apply(
      wanted({
        policy: { ...POLICY, allow: [...POLICY.allow, { cidr: `${VPC_HOST}/32`, port: 80, protocol: "tcp" }] },
      }),
    );
    assert.equal((await lab.connect("a", VPC_HOST, 80)).reach, "ok");
  });

  test("of the gateway itself a satellite reaches its health, and neither SSH nor the metadata service", async () => {
    await lab.listen("gw", GATEWAY, 51_821, 22);
    await lab.listen("gw", METADATA, 80);
    assert.equal((await lab.connect("a", GATEWAY, 51_821)).reach, "ok");
    assert.notEqual((await lab.connect("a", GATEWAY, 22)).reach, "ok");
    assert.notEqual((await lab.connect("a", METADATA, 80)).reach, "ok");
    assert.equal((await lab.connect("vpc", GATEWAY, 22)).reach, "ok", "the VPC is the security group's matter");
  });

  test("a satellite whose link is too large gets segments that the tunnel carries", async () => {
    await lab.device.apply(wanted());
    await lab.in("a", "ip link set essata mtu 9000");
    const held = lab.in("vpc", `timeout 3 bash -c exec<>/dev/tcp/${SATELLITES.a}/10250;sleep\${IFS}2`).catch(() => "");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const sockets = await lab.in("vpc", `ss -tinH dst ${SATELLITES.a}`);
    await held;
    await lab.in("a", "ip link set essata mtu 1420");
    const mss = Number(/\bmss:(\d+)/.exec(sockets)?.[1]);
    assert.ok(mss > 1000 && mss <= 1380, `${mss}: ${sockets}`);
  });

  test("a gateway whose interface is gone with all sessions reaches an idle satellite within two seconds", async (context) => {
    await lab.device.apply(wanted());
    await lab.in("gw", "ip link del esgw0");
    await lab.device.apply(wanted());
    const began = performance.now();
    const count = 20;
    const received = await lab.packets("vpc", SATELLITES.a, { count, everyMs: 100, from: VPC_HOST });
    context.diagnostic(`${received} of ${count} packets came back, in ${Math.round(performance.now() - began)} ms`);
    assert.ok(received > 0, "the satellite itself would begin a session 15 s after packets that nothing answers");
  });

  test("a node's new key replaces the old one, at once and for it alone", async () => {
    const [stranger] = others(1);
    const rotated = { ...peerOf("b"), publicKey: stranger?.publicKey ?? "" };
    await lab.device.apply(wanted({ peers: [peerOf("a"), rotated] }));
    assert.equal(await lab.packets("b", VPC_HOST, { count: 3, everyMs: 200, from: SATELLITES.b }), 0);
    assert.equal(await lab.packets("a", VPC_HOST, { count: 3, everyMs: 200, from: SATELLITES.a }), 3);
    await lab.device.apply(wanted());
    const answers = () => lab.packets("b", VPC_HOST, { count: 2, everyMs: 500, from: SATELLITES.b });
    // WireGuard begins a new session 15 s after packets that nothing answers.
    const wait = { what: "the satellite to come back by itself", deadlineMs: 30_000 };
    await waitFor(wait, async () => (await answers()) > 0);
  });

  test("500 peers more", async (context) => {
    const many = wanted({ peers: [...wanted().peers, ...others(500)], routes: [{ network: "10.250.0.0/16" }] });
    const pings = lab.packets("vpc", SATELLITES.a, { count: 60, from: VPC_HOST });
    const time = async (work: () => Promise<unknown>) => {
      const startedMs = performance.now();
      await work();
      return Math.round(performance.now() - startedMs);
    };
    const first = await time(() => lab.device.apply(many));
    const again = await time(() => lab.device.apply(many));
    const fewer = { ...many, peers: many.peers.slice(0, -1) };
    const one = await time(() => lab.device.apply(fewer));
    context.diagnostic(
      `500 peers: added in ${first} ms, one removed in ${one} ms, a round with nothing to do ${again} ms`,
    );
    assert.equal((await lab.device.read()).peers.size, 501);
    assert.equal(await pings, 60);
  });

  test("500 satellites with smaller packets get 1,000 routes in a second, and lose them as soon", async (context) => {
    const small = others(500).flatMap(({ allowedIps: [network = ""] }, index) => [
      { network, mtu: 1360 },
      { network: `10.251.${index >> 1}.${(index & 1) * 128}/25`, mtu: 1360 },
    ]);
    const routes = [{ network: "10.250.0.0/16" }, ...small];
    const written = async (more: Partial<WantedDevice>) => {
      const startedMs = performance.now();
      const done = await lab.device.apply(wanted(more));
      context.diagnostic(`${done.join(" ")} in ${Math.round(performance.now() - startedMs)} ms`);
      return done.includes("routes");
    };
    assert.equal(await written({ routes }), true);
    const seen = await lab.in("gw", "ip -4 route show dev esgw0");
    assert.equal(seen.trim().split("\n").length, 1001);
    assert.match(seen, /^10\.250\.1\.7 .*mtu 1360/m);
    assert.equal(await written({ routes }), false);
    assert.equal(await written({}), true);
    assert.equal((await lab.in("gw", "ip -4 route show dev esgw0")).trim().split("\n").length, 1);
  });
});
