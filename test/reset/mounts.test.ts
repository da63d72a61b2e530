import assert from "node:assert/strict";
import { test } from "node:test";
import { listMountsBelow, removeTree, unmountBelow } from "../../agent/reset/mounts.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const KUBELET = "/var/lib/kubelet";

/** A machine with these mount points, and an umount that takes them away, but for those that are busy. */
function setUp(points: readonly string[], busy: readonly string[] = []) {
  const host = new MemoryHost();
  let mounted = [...points];
  const write = () => {
    const lines = mounted.map(
      (point, index) => `${index} 1 8:1 / ${point.replaceAll(" ", "\\040")} rw shared:1 - ext4 x rw`,
    );
    host.files.put("/proc/self/mountinfo", `${lines.join("\n")}\n`);
  };
  write();
  host.install("mount", () => ({}));
  host.install("umount", ([, point = ""]) => {
    const index = mounted.lastIndexOf(point);
    if (busy.includes(point)) return { exitCode: 32, stderr: `umount: ${point}: target is busy.` };
    if (mounted.some((other, at) => at > index && other.startsWith(`${point}/`)))
      return { exitCode: 32, stderr: `umount: ${point}: target is busy.` };
    mounted = mounted.filter((_, at) => at !== index);
    write();
    return {};
  });
  host.files.put(`${KUBELET}/pods/a/etc-hosts`, "x");
  const isRemoved = () => host.files.peek(`${KUBELET}/pods/a/etc-hosts`) === undefined;
  const ran = (program: string) => host.commands.filter((command) => command.startsWith(`${program} `));
  return { host, ran, isRemoved, left: () => mounted };
}

test("the mounts below a folder are listed, the newest first, names with blanks included, and no folder that shares only a prefix", async () => {
  const { host } = setUp(["/", KUBELET, `${KUBELET}/pods/a`, `${KUBELET}/pods/a/b c`, `${KUBELET}-other/x`]);
  assert.deepEqual(await listMountsBelow(host, KUBELET), [`${KUBELET}/pods/a/b c`, `${KUBELET}/pods/a`]);
});

test("every mount below is unmounted, also two on one place, and mounts above or beside stay", async () => {
  const { host, left } = setUp([
    "/",
    "/proc",
    KUBELET,
    `${KUBELET}/pods/a`,
    `${KUBELET}/pods/a`,
    `${KUBELET}/pods/a/c`,
  ]);
  await unmountBelow(host, KUBELET);
  assert.deepEqual(left(), ["/", "/proc", KUBELET]);
});

test("before anything is unmounted every mount is made private: a copy of the root would take the machine's own mounts with it", async () => {
  const { host, ran } = setUp(["/", `${KUBELET}/pods/a/host`, `${KUBELET}/pods/a/host/proc`]);
  await unmountBelow(host, KUBELET);
  const firstUmount = host.commands.findIndex((command) => command.startsWith("umount"));
  assert.equal(ran("mount").length, 2);
  assert.ok(host.commands.slice(0, firstUmount).every((command) => command.startsWith("mount --make-private -- ")));
});

test("a mount that is in use is an error that names it and how to find its users", async () => {
  const { host } = setUp(["/", `${KUBELET}/pods/a`, `${KUBELET}/pods/b`], [`${KUBELET}/pods/a`]);
  await assert.rejects(unmountBelow(host, KUBELET), {
    code: "mount-busy",
    message: /pods\/a is still mounted: .*target is busy/,
    hint: /fuser/,
  });
});

test("nothing is removed where something is mounted, there or below, since it may be the machine's own root", async () => {
  for (const point of [`${KUBELET}/pods`, `${KUBELET}/pods/a/volumes/host`]) {
    const { host, isRemoved } = setUp(["/", point]);
    await assert.rejects(removeTree(host, `${KUBELET}/pods`), { code: "mount-busy", message: new RegExp(point) });
    assert.equal(isRemoved(), false);
  }
  const { host, isRemoved } = setUp(["/", `${KUBELET}/pods-other`]);
  await removeTree(host, `${KUBELET}/pods`);
  assert.equal(isRemoved(), true);
});

test("without the kernel's list of mounts nothing is removed", async () => {
  const { host, isRemoved } = setUp([]);
  host.files.drop("/proc/self/mountinfo");
  await assert.rejects(removeTree(host, `${KUBELET}/pods`), { code: "mounts-unknown" });
  assert.equal(isRemoved(), false);
});
