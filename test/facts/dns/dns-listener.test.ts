import assert from "node:assert/strict";
import { test } from "node:test";
import { findDnsListener } from "../../../agent/facts/dns/dns-listener.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const rowOf = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1\n`;

/** A machine with this socket in one of the kernel's tables, held by dnsmasq. */
function machineWith(table: string, local: string, state: string): MemoryHost {
  const host = new MemoryHost();
  host.files.put(`/proc/net/${table}`, HEADER + rowOf(local, state));
  host.files.put("/proc/812/comm", "dnsmasq\n");
  host.files.putLink("/proc/812/fd/5", "socket:[4711]");
  return host;
}

test("a name server at every address, or at the cache's own, has its port", async () => {
  for (const [table, local, state] of [
    ["tcp", "00000000:0035", "0A"],
    ["tcp", "0A14FEA9:0035", "0A"],
    ["udp", "00000000:0035", "07"],
    ["udp6", "00000000000000000000000000000000:0035", "07"],
  ] as const)
    assert.match(
      (await findDnsListener(machineWith(table, local, state)))?.words ?? "",
      /by dnsmasq \(pid 812\)/,
      local,
    );
});

test("one at an address of its own has not, and no other port counts", async () => {
  for (const local of ["3500007F:0035", "00000000:0135"])
    assert.equal(await findDnsListener(machineWith("tcp", local, "0A")), undefined);
  assert.equal(await findDnsListener(machineWith("tcp", "00000000:0035", "01")), undefined);
});
