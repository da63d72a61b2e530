// A file as it was before the agent's first change.
import type { Host } from "../host/host.ts";
import type { Original } from "./ledger.ts";

/** Writes the original with its owner and mode; anything but a file's original is left alone. @throws file-unwritable, disk-full */
export async function restoreFile(host: Host, path: string, original: Original): Promise<void> {
  if (original.kind !== "file") return;
  const { content, mode, uid, gid } = original;
  const [present, status] = await Promise.all([host.files.read(path), host.files.status(path)]);
  const isSame = present === content && status?.mode === mode && status.uid === uid && status.gid === gid;
  if (!isSame) await host.files.write(path, content, { mode, uid, gid });
}
