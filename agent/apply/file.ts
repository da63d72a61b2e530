// Files: content and mode. A candidate of a program's configuration is checked by that program first.
import type { WriteOptions } from "../host/host.ts";
import { type FileResource, resourceId } from "../plan/resource.ts";
import { configCheckOf, readRefusal } from "./config-check.ts";
import type { Executor, RoundContext } from "./executor.ts";

/** Makes a file what the plan says. */
export const fileExecutor: Executor<FileResource> = {
  async diff(context, resource) {
    const { content } = resource;
    const { status, before } = await readPresent(context, resource);
    if (before !== content) {
      const refusal = await readRefusal(context, resource);
      if (refusal !== undefined) throw refusal;
      return { resource, action: before === undefined ? "create" : "update", before, after: content };
    }
    const { mode } = await wantedOwnership(context, resource);
    if (status?.mode !== mode)
      return { resource, action: "set-mode", before: octal(status?.mode ?? 0), after: octal(mode) };
    return undefined;
  },

  async readOriginal({ host }, { path }) {
    const [status, content] = await Promise.all([host.files.status(path), host.files.read(path)]);
    if (status === undefined || content === undefined) return { kind: "absent" };
    return { kind: "file", content, mode: status.mode, uid: status.uid, gid: status.gid };
  },

  async apply(context, resource, { action }) {
    const { path, content } = resource;
    const ownership = await wantedOwnership(context, resource);
    if (action === "set-mode") return context.host.files.setMode(path, ownership.mode);
    await configCheckOf(resource)?.check(context.host, path, content);
    await context.host.files.write(path, content, ownership);
  },
};

/** In one question while the file is as planned; what is larger than planned is read as a whole, since the difference is shown. */
async function readPresent({ host: { files } }: RoundContext, { path, content }: FileResource) {
  const present = await files.readWithStatus(path, Buffer.byteLength(content)).catch(() => undefined);
  if (present?.status.kind === "file") return { status: present.status, before: present.text };
  const [status, before] = await Promise.all([files.status(path), files.read(path)]);
  return { status, before };
}

/** A merged file keeps its own, and is never open to more users than it was before the agent's first change. */
async function wantedOwnership(context: RoundContext, resource: FileResource): Promise<WriteOptions> {
  const { path, mode, isMerged } = resource;
  const status = isMerged === true ? await context.host.files.status(path) : undefined;
  if (status === undefined) return { mode, uid: 0, gid: 0 };
  const original = await context.originalOf(resourceId(resource));
  const { uid, gid } = status;
  return { mode: original?.kind === "file" ? status.mode & original.mode : status.mode, uid, gid };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
