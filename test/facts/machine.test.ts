import assert from "node:assert/strict";
import { test } from "node:test";
import { createDefaultRouteReader } from "../../agent/facts/default-route.ts";
import { readMachine } from "../../agent/facts/machine.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const PROVIDER = "/etc/eks/image-credential-provider/ecr-credential-provider";
const HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const route = (name: string, destination: string, metric: number) =>
  `${name}\t${destination}\t0101A8C0\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;

function setUp() {
  const host = new MemoryHost();
  host.system = {
    ...host.system,
    addresses: [
      { interface: "docker0", address: "172.17.0.1", family: "IPv4" },
      { interface: "docker0", address: "fe80::1", family: "IPv6" },
      { interface: "wlan0", address: "192.168.1.20", family: "IPv4" },
      { interface: "eth0", address: "192.168.1.10", family: "IPv4" },
      { interface: "eth0", address: "fe80::2", family: "IPv6" },
      { interface: "eth0", address: "2001:db8::10", family: "IPv6" },
    ],
  };
  return { host, read: () => readMachine(host, PROVIDER) };
}

test("the address is that of the interface with the best default route", async () => {
  const { host, read } = setUp();
  host.files.put(
    "/proc/net/route",
    HEADER + route("docker0", "000011AC", 0) + route("wlan0", "00000000", 600) + route("eth0", "00000000", 100),
  );
  const { primaryIpv4, primaryIpv6 } = await read();
  assert.deepEqual([primaryIpv4, primaryIpv6], ["192.168.1.10", "2001:db8::10"]);
});

test("without a default route the first address is taken, never one of a bridge or a link-local one", async () => {
  const { host, read } = setUp();
  const { primaryIpv4, primaryIpv6 } = await read();
  assert.deepEqual([primaryIpv4, primaryIpv6], ["192.168.1.20", "2001:db8::10"]);
  for (const name of ["docker0", "cni0", "br-1f2e3d4c5b6a", "virbr0", "flannel.1", "cali12ab"]) {
    host.system = { ...host.system, addresses: [{ interface: name, address: "172.17.0.1", family: "IPv4" }] };
    assert.equal((await read()).primaryIpv4, undefined, name);
  }
});

test("a machine without an address of a family has none", async () => {
  const { host, read } = setUp();
  host.system = { ...host.system, addresses: [] };
  const { primaryIpv4, primaryIpv6 } = await read();
  assert.deepEqual([primaryIpv4, primaryIpv6], [undefined, undefined]);
});

test("cgroup v2, systemd, systemd-resolved and the ECR provider are recognized by their files", async () => {
  const { host, read } = setUp();
  const { cgroupVersion, isSystemd, hasSystemdResolved, hasEcrCredentialProvider } = await read();
  assert.deepEqual([cgroupVersion, isSystemd, hasSystemdResolved, hasEcrCredentialProvider], [1, false, false, false]);
  host.files.put("/sys/fs/cgroup/cgroup.controllers", "cpu memory");
  host.files.putFolder("/run/systemd/system");
  host.files.put("/run/systemd/resolve/resolv.conf", "nameserver 192.168.1.1");
  host.files.put(PROVIDER, "", { mode: 0o755 });
  const known = await read();
  assert.deepEqual(
    [known.cgroupVersion, known.isSystemd, known.hasSystemdResolved, known.hasEcrCredentialProvider],
    [2, true, true, true],
  );
});

test("name servers for pods come from the file that has any, and not from the one that is there", async () => {
  const { host, read } = setUp();
  const resolved = "/run/systemd/resolve/resolv.conf";
  host.files.put(resolved, "# No DNS servers known.\nsearch .\n");
  host.files.put("/etc/resolv.conf", "nameserver 10.0.0.2\n");
  assert.equal((await read()).hasSystemdResolved, false);
  host.files.put("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n");
  assert.equal((await read()).hasSystemdResolved, true, "neither has one: resolved's may come");
  host.files.put(resolved, "nameserver 127.0.0.1\nnameserver ::1\nnameserver 10.0.0.3\n");
  assert.equal((await read()).hasSystemdResolved, true);
});

test("the way out is that of ip, with its preferred source; IPv6 has a way of its own", async () => {
  const { host, read } = setUp();
  host.files.put("/proc/net/route", HEADER + route("docker0", "00000000", 0));
  host.system = {
    ...host.system,
    addresses: [...host.system.addresses, { interface: "eth0", address: "192.168.1.11", family: "IPv4" }],
  };
  host.install("ip", ([, family]) => ({
    stdout: JSON.stringify(
      family === "-4"
        ? [
            { dst: "default", type: "unreachable", metric: 1 },
            { dst: "default", dev: "wlan0", metric: 50, flags: ["linkdown"] },
            { dst: "default", gateway: "192.168.1.1", dev: "eth0", prefsrc: "192.168.1.11", metric: 100, flags: [] },
          ]
        : [
            {
              dst: "default",
              metric: 1024,
              flags: [],
              nexthops: [{ gateway: "fe80::9", dev: "eth0", weight: 1, flags: [] }],
            },
          ],
    ),
  }));
  const { primaryIpv4, primaryIpv6, defaultInterface } = await read();
  assert.deepEqual([primaryIpv4, primaryIpv6, defaultInterface], ["192.168.1.11", "2001:db8::10", "eth0"]);
});

test("where ip knows of no way out that is up, the kernel's table is not asked", async () => {
  const { host, read } = setUp();
  host.files.put("/proc/net/route", HEADER + route("wlan0", "00000000", 0));
  host.install("ip", () => ({ stdout: '[{"dst":"default","dev":"wlan0","flags":["linkdown"]}]' }));
  assert.equal((await read()).defaultInterface, undefined);
});

test("a machine with IPv6 alone has a way out, and one whose default route refuses packets has none", async () => {
  const { host, read } = setUp();
  host.install("ip", ([, family]) => ({
    stdout: family === "-6" ? '[{"dst":"default","dev":"eth0","protocol":"ra","metric":100,"flags":[]}]' : "[]",
  }));
  assert.equal((await read()).defaultInterface, "eth0");
  host.install("ip", () => ({ exitCode: 1, stderr: "Option -json is unknown" }));
  host.files.put("/proc/net/route", `${HEADER}*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n`);
  assert.equal((await read()).defaultInterface, undefined);
});

const IPV6_DEFAULT = (uses: string) =>
  `${"0".repeat(32)} 00 ${"0".repeat(32)} 00 fe800000000000000000000000000001 00000400 00000001 ${uses} 00450003     eth0\n`;
const IPV6_LOCAL = `fe800000000000000000000000000000 40 ${"0".repeat(32)} 00 ${"0".repeat(32)} 00000100 00000003 00000000 00000001     eth0\n`;

test("ip is asked again when a route, its link or an address has changed, and now and then", async () => {
  const { host } = setUp();
  const routes = createDefaultRouteReader(host);
  let asked = 0;
  host.install("ip", ([, family]) => {
    asked += 1;
    return { stdout: family === "-4" ? '[{"dst":"default","dev":"eth0","flags":[]}]' : "[]" };
  });
  const timesAsked = async () => {
    const before = asked;
    assert.equal((await readMachine(host, PROVIDER, routes)).defaultInterface, "eth0");
    return asked - before;
  };
  host.files.put("/proc/net/route", HEADER + route("eth0", "00000000", 100));
  host.files.put("/proc/net/ipv6_route", IPV6_LOCAL + IPV6_DEFAULT("00000001"));
  host.files.put("/sys/class/net/eth0/operstate", "up\n");
  assert.equal(await timesAsked(), 2);
  assert.equal(await timesAsked(), 0);
  host.files.put("/proc/net/route", HEADER + route("eth0", "00000000", 100) + route("veth1", "000011AC", 0));
  host.files.put("/proc/net/ipv6_route", IPV6_DEFAULT("000000ff") + IPV6_LOCAL);
  assert.equal(await timesAsked(), 0, "a pod's route, and a packet that was sent");
  host.files.put("/proc/net/route", HEADER + route("eth0", "00000000", 50));
  assert.equal(await timesAsked(), 2, "another metric");
  host.files.put("/sys/class/net/eth0/operstate", "down\n");
  assert.equal(await timesAsked(), 2, "a link that went down");
  host.files.put("/proc/net/ipv6_route", IPV6_LOCAL);
  assert.equal(await timesAsked(), 2, "no way out by IPv6 any more");
  host.system = { ...host.system, addresses: host.system.addresses.slice(1) };
  assert.equal(await timesAsked(), 2, "an address less");
  await host.clock.advance(299_000);
  assert.equal(await timesAsked(), 0);
  await host.clock.advance(2000);
  assert.equal(await timesAsked(), 2, "five minutes later");
});

test("an ip that could not be asked is asked again in the next round", async () => {
  const { host } = setUp();
  const routes = createDefaultRouteReader(host);
  const readInterface = async () => (await readMachine(host, PROVIDER, routes)).defaultInterface;
  host.files.put("/proc/net/route", HEADER + route("wlan0", "00000000", 100));
  assert.equal(await readInterface(), "wlan0", "by the kernel's table");
  host.install("ip", () => ({ stdout: '[{"dst":"default","dev":"eth0","flags":[]}]' }));
  assert.equal(await readInterface(), "eth0");
});
