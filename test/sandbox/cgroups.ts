// A cgroup of the machine's own in every hierarchy of the host: the machine sees it as its root, two machines never
// meet, and what a killed one leaves behind can be found and removed.
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Creates the group `name` in each hierarchy, and returns their folders. */
export async function ensureCgroups(name: string): Promise<string[]> {
  const folders = (await hierarchies()).map((root) => join(root, name));
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    // A new cpuset of cgroup v1 is empty and takes no process until it has CPUs and memory nodes.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) await inherit(folder, file);
  }
  return folders;
}

/** Removes the group `name` and all below it; groups that still hold processes stay. */
export async function removeCgroups(name: string): Promise<void> {
  for (const root of await hierarchies()) await removeTree(join(root, name));
}

async function hierarchies(): Promise<string[]> {
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  const found = mounts.filter(([, , type]) => type === "cgroup" || type === "cgroup2").map(([, path = ""]) => path);
  return [...new Set(found)];
}

async function inherit(folder: string, file: string): Promise<void> {
  const parent = await readFile(join(folder, "..", file), "utf8").catch(() => "");
  if (parent.trim()) await writeFile(join(folder, file), parent).catch(() => undefined); // cgroup v2 has no need of it
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder).catch(() => undefined); // gone already, or busy with another process
}
