// Files in memory, with modes, owners and symbolic links, as the agent reads and changes them.
import { sha256 } from "../../agent/digest.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { unwritable } from "../../agent/host/atomic-write.ts";
import type { FileSystemSpace } from "../../agent/host/files/space.ts";
import type { FileLock, FileStatus, Files, WriteOptions } from "../../agent/host/host.ts";
import { mountPoints } from "../../agent/host/remove-tree.ts";
import { MemoryDisk, unreadable } from "./memory-disk.ts";

export type { MemoryFile } from "./memory-disk.ts";

export class MemoryFiles extends MemoryDisk implements Files {
  /** Every change, in order: `write /a`, `mode /a`, `remove /a`, `move /a`, `folder /a`. */
  readonly changes: string[] = [];
  readonly #locks = new Set<string>();

  async read(path: string): Promise<string | undefined> {
    this.checkReadable(path);
    if (this.isFolder(path)) throw unreadable(path);
    return this.entries.get(this.links.get(path) ?? path)?.content;
  }

  async readWithStatus(path: string, maxBytes: number): ReturnType<Files["readWithStatus"]> {
    const status = await this.status(path);
    if (status === undefined) return undefined;
    if (status.sizeBytes > maxBytes) throw unreadable(path);
    return { status, text: status.kind === "file" ? ((await this.read(path)) ?? "") : "" };
  }

  async status(path: string): Promise<FileStatus | undefined> {
    this.checkReadable(path);
    const file = this.entries.get(this.links.get(path) ?? path);
    if (file !== undefined) return { ...file, kind: "file", sizeBytes: Buffer.byteLength(file.content) };
    const isFolder = this.isFolder(path);
    const mode = this.folders.get(path) ?? 0o755;
    return isFolder
      ? { kind: "folder", mode, uid: this.folderOwners.get(path) ?? 0, gid: 0, sizeBytes: 0, modifiedMs: 0 }
      : undefined;
  }

  async write(path: string, content: string, { mode, uid, gid }: WriteOptions): Promise<void> {
    this.#change("write", path);
    if (this.isFolder(path) && !(await this.removeEmptyFolder(path)))
      throw unwritable(path, Object.assign(new Error("ENOTEMPTY"), { code: "ENOTEMPTY" }));
    this.put(path, content, { mode, uid: uid ?? 0, gid: gid ?? 0 });
  }

  async writeInPlace(path: string, content: string): Promise<void> {
    this.#change("write", path);
    this.put(path, content, this.entries.get(path));
  }

  async appendLines(path: string, lines: string): Promise<number> {
    this.#change("append", path);
    const { content = "", mode = 0o600 } = this.entries.get(path) ?? {};
    const whole = content === "" || content.endsWith("\n") ? content + lines : `${content}\n${lines}`;
    this.put(path, whole, { mode });
    return Buffer.byteLength(whole);
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.#change("mode", path);
    const file = this.entries.get(path);
    if (file !== undefined) this.entries.set(path, { ...file, mode });
    else if ((await this.status(path))?.kind === "folder") this.folders.set(path, mode);
  }

  async remove(path: string): Promise<void> {
    this.#change("remove", path);
    this.entries.delete(path);
    this.links.delete(path);
  }

  async move(from: string, to: string): Promise<void> {
    this.#change("move", to);
    const target = this.links.get(from);
    if (target !== undefined) {
      this.links.delete(from);
      this.links.set(to, target);
      return;
    }
    if (this.#moveFolder(from, to)) return;
    const file = this.entries.get(from);
    if (file === undefined) throw unwritable(to, Object.assign(new Error("ENOENT"), { code: "ENOENT" }));
    this.entries.delete(from);
    this.entries.set(to, file);
  }

  #moveFolder(from: string, to: string): boolean {
    const mode = this.folders.get(from);
    if (mode === undefined) return false;
    this.folders.delete(from);
    this.folders.set(to, mode);
    for (const [path, file] of [...this.entries]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.entries.delete(path);
      this.entries.set(`${to}${path.slice(from.length)}`, file);
    }
    return true;
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    if (this.folders.has(path)) return;
    this.#change("folder", path);
    this.folders.set(path, mode);
  }

  #temporaryFolders = 0;

  async makeTemporaryFolder(parent: string): Promise<string> {
    this.#temporaryFolders += 1;
    const path = `${parent}/.eks-satellite-${this.#temporaryFolders}`;
    await this.makeFolder(path, 0o700);
    return path;
  }

  async copyToNew(from: string, to: string): Promise<void> {
    if (this.entries.has(to) || this.links.has(to) || this.folders.has(to))
      throw new SatelliteError("file-exists", `there is already a ${to}, and it was not replaced`, {
        hint: "Remove it.",
      });
    this.#change("copy", to);
    const file = this.entries.get(from);
    if (file === undefined) throw unwritable(to, Object.assign(new Error("ENOENT"), { code: "ENOENT" }));
    this.entries.set(to, file);
  }

  async list(path: string): Promise<readonly string[]> {
    this.checkReadable(path);
    const all = [...this.entries.keys(), ...this.folders.keys(), ...this.links.keys()];
    const below = all.filter((known) => known.startsWith(`${path}/`));
    return [...new Set(below.map((known) => known.slice(path.length + 1).split("/")[0] ?? ""))].toSorted();
  }

  async lock(path: string, content?: string): Promise<FileLock | undefined> {
    if (this.#locks.has(path)) return undefined;
    this.checkWritable(path);
    this.#locks.add(path);
    this.put(path, content ?? this.entries.get(path)?.content ?? "", { mode: 0o600 });
    return { release: async () => void this.#locks.delete(path) };
  }

  async space(path: string): Promise<FileSystemSpace | undefined> {
    return this.spaces.get(path) ?? this.defaultSpace;
  }

  async readLink(path: string): Promise<string | undefined> {
    return this.links.get(path);
  }

  async realPath(path: string): Promise<string> {
    for (const [link, target] of this.links)
      if (path === link || path.startsWith(`${link}/`)) return this.realPath(target + path.slice(link.length));
    return path;
  }

  async digest(path: string): Promise<string | undefined> {
    const content = await this.read(path);
    return content === undefined ? undefined : sha256(content);
  }

  async link(path: string, target: string): Promise<void> {
    this.#change("link", path);
    this.entries.delete(path);
    this.links.set(path, target);
  }

  async removeTree(path: string): Promise<void> {
    const mounted = mountPoints(this.entries.get("/proc/self/mountinfo")?.content ?? "");
    const point = mounted.find((each) => each === path || each.startsWith(`${path}/`));
    if (point !== undefined) throw new SatelliteError("mounted-below", `${path} is not removed: ${point} is mounted`);
    this.#change("remove", path);
    this.drop(path);
    for (const link of [...this.links.keys()])
      if (link === path || link.startsWith(`${path}/`)) this.links.delete(link);
    for (const folder of [...this.folders.keys()]) if (folder.startsWith(`${path}/`)) this.folders.delete(folder);
  }

  async removeEmptyFolder(path: string): Promise<boolean> {
    if ((await this.list(path)).length > 0 || !this.folders.has(path)) return false;
    this.#change("remove", path);
    this.folders.delete(path);
    return true;
  }

  #change(what: string, path: string): void {
    this.checkWritable(path);
    this.changes.push(`${what} ${path}`);
  }
}
