import assert from "node:assert/strict";
import { test } from "node:test";
import { collectItems } from "../../agent/bundle/collect.ts";
import { localDefaults } from "../../agent/config/machine-config.ts";
import { createRedactor } from "../../agent/redact/redactor.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";

function setUp() {
  const host = new MemoryHost();
  const redactor = createRedactor([]);
  const items = collectItems({ host, local: localDefaults(), configFile: CONFIG, since: "1 hour ago", redactor });
  const read = (path: string) => {
    const item = items.find((each) => each.path === path);
    assert.ok(item !== undefined, `there is no item ${path}`);
    return item.read();
  };
  return { host, items, read };
}

test("every item has a path of its own, and says what it is", () => {
  const { items } = setUp();
  const paths = items.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  for (const { path, what } of items) {
    assert.match(path, /^(config|node|journal|machine)\/[\w.-]+$/);
    assert.notEqual(what, "");
  }
});

test("only commands that read are run, each with a bound", async () => {
  const { host, items } = setUp();
  for (const program of [
    "systemctl",
    "ctr",
    "journalctl",
    "df",
    "free",
    "timedatectl",
    "ip",
    "ss",
    "nvidia-smi",
    "find",
    "wg",
  ])
    host.install(program, () => ({ stdout: "output" }));
  await Promise.all(items.map(({ read }) => read()));
  const verbs = host.commands.map((command) => command.split(" ").slice(0, 2).join(" ")).toSorted();
  assert.deepEqual(
    [...new Set(verbs)],
    [
      ...["ctr --namespace=k8s.io", "df --human-readable", "df --inodes", "find -xdev", "free --mebi", "ip -brief"],
      ...["ip route", "journalctl --dmesg", "journalctl --unit=containerd", "journalctl --unit=eks-satellite"],
      ...["nvidia-smi --query", "ss --listening", "systemctl cat", "systemctl status", "timedatectl show", "wg show"],
    ],
  );
  assert.ok(
    host.commands.filter((command) => command.startsWith("journalctl")).every((command) => /1 hour ago/.test(command)),
  );
  assert.deepEqual(host.files.changes, []);
});

test("a command that fails is shown with its errors and exit code", async () => {
  const { host, read } = setUp();
  host.install("df", () => ({ exitCode: 1, stdout: "some", stderr: "df: /mnt: stale" }));
  assert.equal(await read("machine/disks.txt"), "some\ndf: /mnt: stale\n(exit code 1)");
});

test("a document loses its comments and the arguments of a credential process", async () => {
  const { host, read } = setUp();
  host.files.put(CONFIG, "# old: hunter2\ncredentials:\n  process: [/usr/bin/vault, --secret-id, hunter2]\n");
  const text = await read("config/config.yaml");
  assert.doesNotMatch(text, /hunter2|old/);
  assert.match(text, /\/usr\/bin\/vault\n.*2 arguments, left out/);
});

test("a document that is absent or broken says so, without its text", async () => {
  const { host, read } = setUp();
  assert.equal(await read("node/cni.yaml"), "there is no /etc/cni/net.d/10-host-network.conf");
  host.files.put("/etc/containerd/config.toml", 'password = "hunter2');
  const text = await read("node/containerd.yaml");
  assert.match(text, /^\/etc\/containerd\/config\.toml is left out, since it cannot be parsed: /);
  assert.doesNotMatch(text, /hunter2/);
});

test("of the service's variables only harmless values are shown, and no comments", async () => {
  const { host, read } = setUp();
  host.files.put("/etc/eks-satellite/environment", "# TOKEN=old\nHTTPS_PROXY=http://proxy:3128\nMY_TOKEN=hunter2\n");
  assert.equal(await read("config/environment"), "HTTPS_PROXY=http://proxy:3128\nMY_TOKEN=(left out)");
});

test("of the kernel's journal lines of GPUs, memory and disks are kept", async () => {
  const { host, read } = setUp();
  host.install("journalctl", () => ({
    stdout: "a usb device\nNVRM: Xid (PCI:0000:06:00): 79\nOut of memory: Killed process 7\n",
  }));
  assert.equal(await read("journal/kernel.txt"), "NVRM: Xid (PCI:0000:06:00): 79\nOut of memory: Killed process 7");
});

test("only folders that exist are listed", async () => {
  const { host, read } = setUp();
  host.files.putFolder("/etc/kubernetes");
  host.install("find", () => ({ stdout: "files" }));
  assert.equal(await read("machine/files.txt"), "files");
  assert.match(host.commands.at(-1) ?? "", /^find \/etc\/kubernetes -xdev -printf /);
});
