// Files: content and mode. A candidate of a program's configuration is checked by that program first.
import type { FileResource } from "../plan/resource.ts";
import { configCheckOf, readRefusal } from "./config-check.ts";
import type { Executor } from "./executor.ts";

/** Makes a file what the plan says. */
export const fileExecutor: Executor<FileResource> = {
  async diff(context, resource) {
    const { path, content, mode } = resource;
    const [status, before] = await Promise.all([context.host.files.status(path), context.host.files.read(path)]);
    if (before !== content) {
      const refusal = await readRefusal(context, resource);
      if (refusal !== undefined) throw refusal;
      return { resource, action: before === undefined ? "create" : "update", before, after: content };
    }
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
    const { path, content, mode } = resource;
    if (action === "set-mode") return context.host.files.setMode(path, mode);
    await configCheckOf(resource)?.check(context.host, path, content);
    await context.host.files.write(path, content, { mode, uid: 0, gid: 0 });
  },
};

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
