import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { VERSION } from "../../agent/version.ts";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import { makeRelease, type ReleaseOptions } from "../../scripts/release/release.ts";
import { tryRelease } from "../../scripts/release/try.ts";
import { sampleRelease } from "./sample-release.ts";

const HERE = ARCHITECTURES.filter(({ nodeName }) => nodeName === process.arch);
const NAME = `eks-satellite-${VERSION}-linux-${HERE[0]?.name}`;
const APT = execFileSync("apt-get", ["--version"], { encoding: "utf8" }).split(" ")[1];
/** Starts the Node that runs the test. */
const RUNNING_NODE = `#!/bin/sh\nexec '${process.execPath}' "$@"\n`;

async function made(node: () => string): Promise<ReleaseOptions> {
  const release = { ...(await sampleRelease(node)), architectures: HERE };
  await makeRelease(release);
  return release;
}

async function trial(release: ReleaseOptions) {
  const lines: string[] = [];
  const exitCode = await tryRelease(release, (line) => void lines.push(line));
  return { exitCode, lines };
}

test("a release that is whole, starts and can be made again passes, and each trial says what was shown", async () => {
  const { exitCode, lines } = await trial(await made(() => RUNNING_NODE));
  assert.deepEqual(lines, [
    "✓ sha256sum --check SHA256SUMS: 4 files as listed",
    "✓ a key made for this trial signs SHA256SUMS, and ssh-keygen verifies it; the release itself is NOT signed",
    `✓ ${NAME}: eks-satellite says version ${VERSION}, its Node ${process.version} ${process.arch}, on this machine's processor`,
    `✓ apt ${APT}: takes ${VERSION} for ${HERE[0]?.name} from a repository that a throw-away key signs`,
    `✓ eks-satellite-${VERSION}.tgz: npm installs it offline, and eks-satellite says version ${VERSION}`,
    "✓ a second build gave the same bytes",
  ]);
  assert.equal(exitCode, 0);
});

test("a damaged file, a program that says another version and a second build with other bytes are reported one by one", async () => {
  let builds = 0;
  const release = await made(() => `#!/bin/sh\necho v24.0.1 mips\n# ${builds++}\n`);
  appendFileSync(join(release.output, `${NAME}.cdx.json`), "\n");
  const { exitCode, lines } = await trial(release);
  assert.equal(exitCode, 1);
  assert.match(lines[0] ?? "", /^✗ tool-failed: .*sha256sum .*1 computed checksum did NOT match/s);
  const start = `✗ release-start: ${NAME}: eks-satellite says version v24.0.1 mips, its Node v24.0.1 mips\n  `;
  assert.ok(lines[2]?.startsWith(start), lines[2]);
  assert.match(lines[3] ?? "", /^✓ apt /);
  assert.match(lines[4] ?? "", /^✓ eks-satellite-\S+\.tgz: npm /);
  assert.match(lines[5] ?? "", /^✗ release-differs: a second build gave other bytes: [0-9a-f]{64} {2}eks-satellite-/);
});
