// Which sandbox has which slot, and the host's settings as they stood before the first sandbox. Both live below /run,
// which a reboot empties together with the namespaces that they describe.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { maxSlots } from "./addresses.ts";

const registry = "/run/eks-satellite-sandbox";
const savedSettings = join(registry, "host-settings.json");

const inotifyInstances = "fs/inotify/max_user_instances";
const minInotifyInstances = 1024;
/** kubelet sets the first three, and they are the whole kernel's; the sandbox sets the last two. */
const hostSettings = [
  ...["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"],
  ...["net/ipv4/ip_forward", inotifyInstances],
];

/** The slot of the sandbox in `folder`: the one it has, or the first that is free. */
export async function claimSlot(folder: string): Promise<number> {
  await mkdir(registry, { recursive: true });
  await saveHostSettings();
  await allowInotify();
  const held = await heldSlot(folder);
  if (held !== undefined) return held;
  for (let slot = 0; slot < maxSlots; slot++) {
    try {
      await writeFile(join(registry, String(slot)), folder, { flag: "wx" });
      return slot;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  throw new Error(`all ${maxSlots} sandbox slots are taken: see ${registry}, and end one with scripts/sandbox down`);
}

/** The slot that the sandbox in `folder` holds. */
export async function heldSlot(folder: string): Promise<number | undefined> {
  for (const name of await slotNames()) {
    if ((await readFile(join(registry, name), "utf8")) === folder) return Number(name);
  }
  return undefined;
}

/** Gives a slot back; after the last one the host's settings return to what they were. */
export async function releaseSlot(slot: number): Promise<void> {
  await rm(join(registry, String(slot)), { force: true });
  if ((await slotNames()).length > 0) return;
  const saved: Record<string, string> = JSON.parse(await readFile(savedSettings, "utf8").catch(() => "{}"));
  for (const [name, value] of Object.entries(saved)) await writeFile(join("/proc/sys", name), value);
  await rm(registry, { recursive: true, force: true });
}

/** systemd, containerd and kubelet of each machine count as the host's root, whose instances Linux limits to 128. */
async function allowInotify(): Promise<void> {
  const path = join("/proc/sys", inotifyInstances);
  if (Number(await readFile(path, "utf8")) < minInotifyInstances) await writeFile(path, String(minInotifyInstances));
}

async function saveHostSettings(): Promise<void> {
  const saved: Record<string, string> = {};
  for (const name of hostSettings) saved[name] = (await readFile(join("/proc/sys", name), "utf8")).trim();
  await writeFile(savedSettings, JSON.stringify(saved), { flag: "wx" }).catch(() => {
    // EEXIST: the first sandbox has saved them, before any of them changed
  });
}

async function slotNames(): Promise<string[]> {
  const names = await readdir(registry).catch(() => []);
  return names.filter((name) => /^\d+$/.test(name));
}
