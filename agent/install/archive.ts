// What an archive of programs may hold: its checksum says that it is the mirror's, and not that it is harmless.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

const MAX_MEMBERS = 200;
const MAX_UNPACKED_BYTES = 512 * 2 ** 20;
const LIST_TIMEOUT_SECONDS = 60;
/** As GNU tar lists a member: `-rwxr-xr-x root/root 4096 2026-01-02 03:04 ./bridge`. */
const MEMBER = /^([-\w])(\S{9}) \S{1,200} +(\d{1,15}) \S{1,20} \S{1,20} (.{1,500})$/;
/** A file of the archive's own top folder. */
const PLAIN_NAME = /^(?:\.\/)?[A-Za-z0-9][\w.+-]{0,100}$/;

/** Refuses an archive with anything but plain files of a sane size in its top folder. @throws archive-refused, artifact-broken */
export async function checkArchive(host: Host, file: string): Promise<void> {
  const args = ["--list", "--verbose", "--gzip", `--file=${file}`];
  const { exitCode, stdout, stderr } = await host.run("tar", args, { timeoutSeconds: LIST_TIMEOUT_SECONDS });
  if (exitCode !== 0) throw refused("artifact-broken", `tar cannot read ${file}: ${stderr.trim().split("\n").at(-1)}`);
  const members = stdout.split("\n").filter((line) => line !== "");
  if (members.length > MAX_MEMBERS) throw refused("archive-refused", `${file} has ${members.length} members`);
  const bytes = members.map((line) => checkMember(file, line)).reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_UNPACKED_BYTES) throw refused("archive-refused", `${file} is ${bytes} bytes unpacked`);
}

/** The size of a member. */
function checkMember(file: string, line: string): number {
  const [, kind, permissions = "", size, name = ""] = MEMBER.exec(line) ?? [];
  const isTopFolder = kind === "d" && (name === "./" || name === ".");
  const isPlain = kind === "-" && PLAIN_NAME.test(name) && !/[sStT]/.test(permissions);
  if (isTopFolder || isPlain) return Number(size);
  throw refused("archive-refused", `${file} holds ${line.slice(0, 200)}, which is no plain file of its top folder`);
}

function refused(code: "archive-refused" | "artifact-broken", message: string): SatelliteError {
  return new SatelliteError(code, message, {
    hint: "It is not the archive that it should be: see what the mirror serves. What is installed stays.",
  });
}
