// The NAT of a sandbox and each of its faults, on a network without a cluster: what a server on the internet sees of UDP from behind it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Addresses, addressesOf } from "../../sandbox/addresses.ts";
import { down } from "../../sandbox/down.ts";
import { execIn } from "../../sandbox/links.ts";
import { addressContainer, ensureNetwork } from "../../sandbox/network.ts";
import { claimSlot } from "../../sandbox/slots.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import type { VpcAddresses } from "../../sandbox/vpc/addresses.ts";
import { Nat } from "../../sandbox/vpc/nat.ts";

const FOLDER = join(cacheFolder(), "nat-sandbox");
const PORT = 51820;

let addresses: Addresses;
let vpc: VpcAddresses;
let nat: Nat;
let server: ReturnType<typeof spawn>;

/** Answers each packet with the address that it came from, or after `later` the milliseconds that it says. */
const echo = (address: string) => `
  const socket = require("dgram").createSocket("udp4");
  socket.on("message", (text, { address, port }) =>
    setTimeout(() => socket.send(address + ":" + port, port, address), Number(/later (\\d+)/.exec(text)?.[1] ?? 0)));
  socket.bind(${PORT}, "${address}", () => console.log("listening"));`;
/** Sends from one port, as WireGuard does, and prints the answer. */
const ask = (server: string, text: string, waitMs: number) => `
  const socket = require("dgram").createSocket("udp4");
  socket.on("message", (text) => { console.log(String(text)); socket.close(); process.exit(0); });
  socket.bind(${PORT}, () => socket.send(${JSON.stringify(text)}, ${PORT}, "${server}"));
  setTimeout(() => process.exit(1), ${waitMs});`;

before(async () => {
  await down(FOLDER);
  addresses = addressesOf(await claimSlot(FOLDER), "vpc");
  assert.ok(addresses.vpc);
  vpc = addresses.vpc;
  await ensureNetwork(addresses, "0123456789ABCDEF");
  await addressContainer(addresses);
  const run = async (command: readonly string[]) => {
    const { stdout } = await execIn(addresses.machineNamespace, command);
    return { stdout, stderr: "", exitCode: 0 };
  };
  nat = new Nat(addresses, vpc, { run });
  const command = ["netns", "exec", vpc.internetNamespace, process.execPath, "--eval", echo(addresses.control)];
  server = spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => server.stdout?.once("data", resolve));
});
after(async () => {
  server?.kill();
  await down(FOLDER);
});

/** The address that the server sees; undefined without an answer. */
async function seen(namespace = addresses.machineNamespace, text = "now", waitMs = 1500): Promise<string | undefined> {
  const program = ask(addresses.control, text, waitMs);
  return execIn(namespace, [process.execPath, "--eval", program]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

test("the server sees the NAT's public address, and after a rebinding another", async () => {
  assert.equal(await seen(), `${vpc.natPublic[0]}:${PORT}`);
  assert.equal(await nat.rebind(), vpc.natPublic[1]);
  assert.equal(await seen(), `${vpc.natPublic[1]}:${PORT}`);
});

test("an answer that is on its way at a rebinding is lost", async () => {
  const answer = seen(addresses.machineNamespace, "later 800", 2500);
  await delay(400);
  await nat.rebind();
  assert.equal(await answer, undefined);
});

test("a NAT that forgets after a second loses an answer that takes two; one with the kernel's memory does not", async () => {
  await nat.forget(1);
  assert.equal(await seen(addresses.machineNamespace, "later 2200", 4000), undefined);
  await nat.forget();
  assert.ok(await seen(addresses.machineNamespace, "later 2200", 4000));
});

test("UDP that is dropped gets no answer, and TCP passes", async () => {
  await nat.udp("drop");
  assert.equal(await seen(), undefined);
  const tcp = ["curl", "--silent", "--max-time", "2", `http://${addresses.control}`];
  const { exitCode } = await execIn(addresses.machineNamespace, tcp).catch((error) => error);
  assert.equal(exitCode, 7, "refused: nothing listens there, and it says so");
  await nat.udp("allow");
  assert.ok(await seen());
});

test("a second machine has the same public address and another port", async () => {
  const [one, other] = await Promise.all([seen(), seen(await nat.neighbour())]);
  assert.equal(one?.split(":")[0], other?.split(":")[0]);
  assert.ok(one !== undefined && one !== other);
});

test("ports that are mapped anew are others at the same address", async () => {
  const [address, port] = (await seen())?.split(":") ?? [];
  await nat.remap();
  const [now, other] = (await seen())?.split(":") ?? [];
  assert.equal(now, address);
  assert.notEqual(other, port);
});

test("a link that drops fragments loses what has to be cut, and nothing else", async () => {
  const sent = async (bytes: number) => (await seen(addresses.machineNamespace, "x".repeat(bytes), 700)) !== undefined;
  await nat.fragments("drop");
  assert.deepEqual([await sent(1400), await sent(2500)], [true, false]);
  await nat.fragments("allow");
  assert.deepEqual([await sent(1400), await sent(2500)], [true, true]);
});

test("a silent link with a smaller MTU loses large packets, and one that says so only the first", async () => {
  const sent = async (bytes: number) => (await seen(addresses.machineNamespace, "x".repeat(bytes), 700)) !== undefined;
  await nat.mtu(1280, { silent: true });
  assert.deepEqual([await sent(1200), await sent(1400), await sent(1400)], [true, false, false]);
  await nat.mtu(1280);
  assert.deepEqual([await sent(1400), await sent(1400)], [false, true]);
  await nat.mtu(1500);
  assert.equal(await sent(1400), true);
});

test("the machine moves to another private address and back", async () => {
  assert.equal(await nat.moveMachine(), vpc.lanOthers[0]);
  assert.ok(await seen());
  assert.equal(await nat.moveMachine(), addresses.node);
  assert.ok(await seen());
});
