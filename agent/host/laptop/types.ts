// What an administrator's commands need of the computer that they run on, whatever its system.
import type { Files, Host } from "../host.ts";

export type LaptopFiles = Pick<
  Files,
  "read" | "readWithStatus" | "status" | "write" | "realPath" | "makeTemporaryFolder" | "removeTree"
>;

/** A part of a {@link Host}: a node's machine is one too. */
export interface LaptopHost extends Pick<Host, "clock" | "fetch" | "hostname" | "run" | "userId"> {
  readonly files: LaptopFiles;
}
