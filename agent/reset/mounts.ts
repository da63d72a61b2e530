// What is mounted below a folder. A pod may have bind-mounted the machine's root: to remove a folder unchecked could delete
// the machine's files (aws/eks-hybrid#664). Device numbers are no proof, since a bind mount has those of its source.
import { basename, dirname, normalize } from "node:path/posix";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { mountPoints } from "../host/remove-tree.ts";

const MOUNTINFO = "/proc/self/mountinfo";
const UMOUNT_TIMEOUT_SECONDS = 30;

/** Mount points below a folder, without the folder itself, the newest first: a mount comes before the one that it covers. */
export async function listMountsBelow(host: Host, folder: string): Promise<readonly string[]> {
  const below = await findMounts(host, await realPlace(host, folder));
  return below.filter(({ isAt }) => !isAt).map(({ point }) => point);
}

/** The kernel lists real paths. A link itself is not followed: it is what is removed. */
async function realPlace(host: Host, path: string): Promise<string> {
  const clean = normalize(path).replace(/\/$/, "");
  const parent = await host.files.realPath(dirname(clean));
  return parent === "/" ? `/${basename(clean)}` : `${parent}/${basename(clean)}`;
}

async function findMounts(host: Host, place: string) {
  const text = await host.files.read(MOUNTINFO);
  if (text === undefined) {
    throw new SatelliteError("mounts-unknown", `${MOUNTINFO} cannot be read`, {
      hint: "Nothing is removed without it: mount -t proc proc /proc.",
    });
  }
  return mountPoints(text)
    .filter((point) => point === place || point.startsWith(`${place}/`))
    .map((point) => ({ point, isAt: point === place }))
    .toReversed();
}

/** Unmounts everything below a folder. @throws mount-busy */
export async function unmountBelow(host: Host, folder: string): Promise<void> {
  // A bind mount of the machine's root is its peer: an unmount below the copy would reach the machine's own mounts too.
  for (const point of await listMountsBelow(host, folder)) await host.run("mount", ["--make-private", "--", point]);
  for (let left = await listMountsBelow(host, folder); left.length > 0; ) {
    const refusals: string[] = [];
    for (const point of left) {
      const { exitCode, stderr } = await host.run("umount", ["--", point], { timeoutSeconds: UMOUNT_TIMEOUT_SECONDS });
      if (exitCode !== 0) refusals.push(stderr.trim() || `umount ${point} exited with ${exitCode}`);
    }
    const still = await listMountsBelow(host, folder);
    // A covered mount is unmounted in the next turn; a turn that unmounts nothing is the last.
    if (still.length >= left.length) {
      throw new SatelliteError("mount-busy", `${still[0]} is still mounted: ${refusals[0] ?? "it was mounted again"}`, {
        hint: `fuser --verbose --mount ${still[0]} shows which processes use it; end them, and run reset again.`,
      });
    }
    left = still;
  }
}

/**
 * Removes a file, or a folder with its contents; a symbolic link is removed and not followed.
 * @throws mount-busy when anything is mounted there or below: nothing is removed then
 */
export async function removeTree(host: Host, path: string): Promise<void> {
  const [mounted] = (await findMounts(host, await realPlace(host, path))).map(({ point }) => point);
  if (mounted !== undefined) {
    throw new SatelliteError("mount-busy", `${path} is not removed: ${mounted} is mounted`, {
      hint: `umount ${mounted}, and run reset again.`,
    });
  }
  await host.files.removeTree(path).catch((cause: unknown) => {
    throw new SatelliteError("reset-failed", `${path} was not removed`, {
      hint: `ls -la ${path}, lsattr ${path}.`,
      cause,
    });
  });
}
