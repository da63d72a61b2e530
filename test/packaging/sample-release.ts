// A release with a small stand-in for Node, which makes it a matter of a second; everything else is as it is shipped.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { execa } from "execa";
import { sha256 } from "../../agent/digest.ts";
import { VERSION } from "../../agent/version.ts";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import type { NodeFiles } from "../../scripts/release/node-package.ts";
import { makeRelease, type ReleaseOptions } from "../../scripts/release/release.ts";
import { copyKept } from "../kept-copy.ts";

/** The repository. */
export const TOP = join(import.meta.dirname, "../..");

/** Time of everything in the sample, in seconds since 1970. */
export const SAMPLE_TIME_SECONDS = 1_750_000_000;

/** What stands where Node would. */
export const SAMPLE_NODE = "#!/bin/sh\necho a stand-in for Node\n".repeat(20_000);

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A folder that is removed when the test file is done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "release-test-"));
  folders.push(folder);
  return folder;
}

/** A release in a new folder, made once for all files of tests. @returns the folder */
export async function takeSampleRelease(): Promise<string> {
  const options = await sampleRelease();
  const node = sha256(SAMPLE_NODE).slice(0, 8);
  await copyKept(`sample-${node}-${SAMPLE_TIME_SECONDS}`, options.output, (output) =>
    makeRelease({ ...options, output }),
  );
  return options.output;
}

/** Makes a release in a new folder; `version` is package.json's when left out. @returns the folder */
export async function makeSampleRelease(version: string = VERSION): Promise<string> {
  const options = await sampleRelease();
  await makeRelease({ ...options, version });
  return options.output;
}

/** A release to make, in a new folder; `node` is what stands where Node would. */
export async function sampleRelease(node = () => SAMPLE_NODE): Promise<ReleaseOptions> {
  return {
    top: TOP,
    version: VERSION,
    architectures: ARCHITECTURES,
    timeSeconds: SAMPLE_TIME_SECONDS,
    output: join(await scratchFolder(), "release"),
    takeNode: async (_architecture, folder) => await writeNode(folder, node()),
  };
}

/** Unpacks a tarball of a release. @returns the folder that it holds */
export async function unpackTarball(output: string, name: string): Promise<string> {
  const folder = await scratchFolder();
  await execa("tar", ["-xzf", join(output, `${name}.tar.gz`), "-C", folder]);
  return join(folder, name);
}

async function writeNode(folder: string, content: string): Promise<NodeFiles> {
  const program = join(folder, "bin/node");
  const licence = join(folder, "LICENSE");
  await mkdir(join(folder, "bin"));
  await writeFile(program, content);
  await writeFile(licence, "Node.js is licensed for use as follows: …\n");
  return { version: "24.0.1", program, licence };
}
