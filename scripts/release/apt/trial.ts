// `--try`: a real apt takes the packages of a release from a repository that a throw-away key signs.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SatelliteError } from "../../../agent/errors.ts";
import type { Architecture } from "../architecture.ts";
import { runTool } from "../tool.ts";
import { debianVersion } from "../version.ts";
import { AptRoot } from "./apt-root.ts";
import { KEY_FILE, listDebianPackages, makeRepository } from "./repository.ts";
import { makeThrowAwayKey } from "./signature.ts";

/** The release that is tried. */
export interface TriedRelease {
  readonly version: string;
  readonly output: string;
  readonly architectures: readonly Architecture[];
}

/**
 * Lets apt read such a repository and download the package, for each architecture.
 * @returns what was shown
 * @throws SatelliteError `apt-takes-other`, `tool-missing`, `tool-failed`
 */
export async function tryApt({ version, output, architectures }: TriedRelease): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "apt-trial-"));
  await using signer = await makeThrowAwayKey();
  try {
    const folder = join(work, "repository");
    const names = architectures.map(({ name }) => name);
    const packages = await listDebianPackages(output);
    await makeRepository({
      folder,
      packages,
      architectures: names,
      signer,
      timeSeconds: Math.floor(Date.now() / 1000),
    });
    for (const architecture of names) await download(work, { folder, version: debianVersion(version), architecture });
    const [, apt] = (await runTool("apt-get", ["--version"])).split(" ");
    return `apt ${apt}: takes ${debianVersion(version)} for ${names.join(" and ")} from a repository that a throw-away key signs`;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(
  work: string,
  {
    folder,
    version,
    architecture,
  }: { readonly folder: string; readonly version: string; readonly architecture: string },
): Promise<void> {
  const root = await AptRoot.create(join(work, architecture), {
    url: `file:${folder}`,
    suite: version.includes("~") ? "candidate" : "stable",
    key: join(folder, KEY_FILE),
    architecture,
  });
  await root.run("apt-get", ["update"]);
  await root.run("apt-get", ["download", `eks-satellite=${version}`]);
  const [name = "nothing"] = await readdir(join(root.folder, "downloads"));
  const found =
    name === "nothing" ? name : await runTool("dpkg-deb", ["--field", join(root.folder, "downloads", name), "Version"]);
  if (found !== version) {
    throw new SatelliteError("apt-takes-other", `apt took ${found} in place of ${version} for ${architecture}`, {
      hint: "Look at the release's packages: dpkg-deb --info.",
    });
  }
}
