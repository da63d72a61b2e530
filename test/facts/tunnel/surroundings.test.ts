import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  hasLocalAddress,
  KeptSurroundings,
  parseRoutes,
  readSurroundings,
} from "../../../agent/facts/tunnel/surroundings.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
const route = (
  name: string,
  destination: string,
  mask: string,
  { gateway = "00000000", flags = "0001", metric = 0 } = {},
) => `${name}\t${destination}\t${gateway}\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
const TABLE =
  HEADER +
  route("wlan0", "00000000", "00000000", { gateway: "0101A8C0", flags: "0003", metric: 600 }) +
  route("eth0", "00000000", "00000000", { gateway: "010200C0", flags: "0003", metric: 100 }) +
  route("eth0", "000200C0", "00FFFFFF", { metric: 100 }) +
  route("docker0", "000011AC", "0000FFFF") +
  route("es0", "0000140A", "0000FFFF") +
  route("kube-ipvs0", "0100640A", "FFFFFFFF") +
  route("*", "0000FEA9", "0000FFFF", { flags: "0201" });

test("routes are read without a program: the tunnel's own, IPVS' Services and those that lead nowhere left out", () => {
  assert.deepEqual(parseRoutes(TABLE), {
    routes: [
      { destination: "192.0.2.0/24", interface: "eth0" },
      { destination: "172.17.0.0/16", interface: "docker0" },
    ],
    defaultGateway: "192.0.2.1",
  });
  assert.deepEqual(parseRoutes(""), { routes: [], defaultGateway: undefined });
});

test("this machine's routes are those that ip prints", () => {
  const printed = JSON.parse(
    execFileSync("ip", ["-json", "-4", "route", "show", "table", "main"], { encoding: "utf8" }),
  );
  const expected = (printed as { dst: string; dev: string; type?: string }[])
    .filter(({ dst, type = "unicast" }) => dst !== "default" && type === "unicast")
    .map(({ dst, dev }) => `${dst.includes("/") ? dst : `${dst}/32`} ${dev}`);
  const { routes } = parseRoutes(readFileSync("/proc/net/route", "utf8"));
  assert.deepEqual(
    routes.map(({ destination, interface: name }) => `${destination} ${name}`).toSorted(),
    expected.toSorted(),
  );
});

test("name servers are those of both files, without the stub on loopback", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch lan\n");
  host.files.put(
    "/run/systemd/resolve/resolv.conf",
    "nameserver 192.0.2.1\nnameserver 10.20.0.2\nnameserver fd00::1\n",
  );
  assert.deepEqual((await readSurroundings(host)).nameServers, ["192.0.2.1", "10.20.0.2"]);
});

test("addresses are those of IPv4 beside the tunnel's", async () => {
  const host = new MemoryHost();
  const addresses = [
    { interface: "eth0", address: "192.0.2.10", family: "IPv4" as const },
    { interface: "eth0", address: "fd00::2", family: "IPv6" as const },
    { interface: "es0", address: "10.250.0.11", family: "IPv4" as const },
  ];
  host.system = { ...host.system, addresses };
  assert.deepEqual((await readSurroundings(host)).addresses, [addresses[0]]);
});

test("an address is the machine's at any depth of the trie, and another machine's or a network's is not", async () => {
  const host = new MemoryHost();
  const leaf = (indent: string, address: string, ...routes: readonly string[]) =>
    [`|-- ${address}`, ...routes.map((route) => `   ${route}`)].map((line) => `${indent}${line}\n`).join("");
  host.files.put(
    "/proc/net/fib_trie",
    `Main:\n  +-- 0.0.0.0/1 2 0 2\n${leaf("     ", "10.250.0.11", "/32 link UNICAST", "/32 host LOCAL")}` +
      leaf("              ", "10.250.0.12", "/32 host LOCAL") +
      leaf("        ", "10.250.0.13", "/32 universe UNICAST") +
      leaf("        ", "10.250.0.1", "/24 link UNICAST"),
  );
  const has = await Promise.all(
    ["10.250.0.11", "10.250.0.12", "10.250.0.13", "10.250.0.1"].map((address) => hasLocalAddress(host, address)),
  );
  assert.deepEqual(has, [true, true, false, false]);
  assert.equal(await hasLocalAddress(new MemoryHost(), "10.250.0.11"), false);
});

test("this machine's own addresses are those that ip prints", async () => {
  const host = createLinuxHost();
  const printed = JSON.parse(execFileSync("ip", ["-json", "-4", "address", "show", "up"], { encoding: "utf8" }));
  const addresses = (printed as { addr_info?: { local?: string }[] }[])
    .flatMap(({ addr_info: infos = [] }) => infos)
    .flatMap(({ local }) => local ?? []);
  assert.ok(addresses.includes("127.0.0.1"));
  for (const address of addresses) assert.ok(await hasLocalAddress(host, address), address);
  for (const address of ["192.0.2.213", "127.0.0.0"]) assert.ok(!(await hasLocalAddress(host, address)), address);
});

test("what is kept is read again when a route changes, and after five minutes", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/net/route", TABLE);
  host.files.put("/etc/resolv.conf", "nameserver 192.0.2.1\n");
  const kept = new KeptSurroundings();
  const nameServers = async () => (await kept.read(host)).nameServers;
  assert.deepEqual(await nameServers(), ["192.0.2.1"]);
  host.files.put("/etc/resolv.conf", "nameserver 192.0.2.2\n");
  assert.deepEqual(await nameServers(), ["192.0.2.1"]);
  await host.clock.advance(300_000);
  assert.deepEqual(await nameServers(), ["192.0.2.2"]);
  host.files.put("/etc/resolv.conf", "nameserver 192.0.2.3\n");
  host.files.put("/proc/net/route", `${TABLE}${route("eth1", "0000140A", "0000FFFF")}`);
  const { routes } = await kept.read(host);
  assert.ok(routes.some(({ destination }) => destination === "10.20.0.0/16"));
  assert.deepEqual(await nameServers(), ["192.0.2.3"]);
});
