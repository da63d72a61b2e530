import assert from "node:assert/strict";
import { test } from "node:test";
import { listNameServers, readDnsFacts } from "../../../agent/facts/dns/dns-facts.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const RESOLVED = "/run/systemd/resolve/resolv.conf";
const SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes";

test("systemd-resolved's file comes before /etc/resolv.conf, which names its stub", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/resolv.conf", "nameserver 127.0.0.53\n");
  host.files.put(RESOLVED, "# a comment\nnameserver 192.0.2.53\nsearch lab\nnameserver fe80::1%eth0\n");
  assert.deepEqual(await readDnsFacts(host, undefined), { nameServers: ["192.0.2.53"], askers: 0 });
});

test("neither resolved's stubs nor the cache itself are name servers of the cache; one on loopback is", () => {
  const text = ["127.0.0.53", "127.0.0.54", "169.254.20.10", "127.0.0.1", "hello", "127.0.0.1"];
  assert.deepEqual(listNameServers(text.map((each) => `nameserver ${each}`).join("\n")), ["127.0.0.1"]);
});

test("more name servers than resolv.conf(5) allows are not taken", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `nameserver 192.0.2.${index}\n`);
  assert.equal(listNameServers(lines.join("")).length, 3);
});

test("pods that ask the cache are counted by what containerd gave them, wherever its root is", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/resolv.conf", "nameserver 192.0.2.53\n");
  host.files.put(`${SANDBOXES}/a/resolv.conf`, "search default.svc.cluster.local\nnameserver 169.254.20.10\n");
  host.files.put(`${SANDBOXES}/b/resolv.conf`, "nameserver 10.100.0.10\n");
  host.files.put(`${SANDBOXES}/c/hostname`, "c\n");
  assert.equal((await readDnsFacts(host, undefined)).askers, 0, "there is no cache");
  host.files.put("/etc/kubernetes/eks-satellite-dns/Corefile", "");
  assert.equal((await readDnsFacts(host, undefined)).askers, 1);
  const table = { root: "/data/containerd" };
  assert.equal((await readDnsFacts(host, { kind: "parsed", text: "", table })).askers, 0);
});

test("a pod that fills its resolv.conf is not read on: a container may write to it", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/kubernetes/eks-satellite-dns/Corefile", "");
  host.files.put(`${SANDBOXES}/a/resolv.conf`, "nameserver 169.254.20.10\n");
  host.files.put(`${SANDBOXES}/b/resolv.conf`, `nameserver 169.254.20.10\n${"#".repeat(10_000)}`);
  assert.equal((await readDnsFacts(host, undefined)).askers, 1);
});
