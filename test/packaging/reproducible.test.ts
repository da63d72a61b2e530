import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { VERSION } from "../../agent/version.ts";
import { makeSampleRelease } from "./sample-release.ts";

let first: string;
before(async () => {
  first = await makeSampleRelease();
});

test("two builds give the same bytes, whatever the umask, the time zone and the tools' own variables", async () => {
  const { TZ } = process.env;
  const umask = process.umask(0o077);
  Object.assign(process.env, { TZ: "Asia/Tokyo", TAR_OPTIONS: "--format=gnu", GZIP: "-9", XZ_DEFAULTS: "-9" });
  const second = await makeSampleRelease().finally(() => {
    process.umask(umask);
    for (const name of ["TZ", "TAR_OPTIONS", "GZIP", "XZ_DEFAULTS"]) delete process.env[name];
    if (TZ !== undefined) process.env.TZ = TZ;
  });
  const sums = readFileSync(join(first, "SHA256SUMS"), "utf8");
  assert.equal(sums.trimEnd().split("\n").length, 7);
  assert.equal(readFileSync(join(second, "SHA256SUMS"), "utf8"), sums);
});

test("sha256sum takes SHA256SUMS, and it lists every other file, by name", async () => {
  const { stdout } = await execa("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: first });
  const ofArchitectures = ["amd64", "arm64"].flatMap((architecture) => [
    `eks-satellite-${VERSION}-linux-${architecture}.cdx.json`,
    `eks-satellite-${VERSION}-linux-${architecture}.tar.gz`,
    `eks-satellite_${VERSION}_${architecture}.deb`,
  ]);
  const names = [...ofArchitectures, `eks-satellite-${VERSION}.tgz`];
  assert.deepEqual(
    stdout.split("\n"),
    names.toSorted().map((name) => `${name}: OK`),
  );
  assert.deepEqual(readdirSync(first).toSorted(), ["SHA256SUMS", ...names].toSorted());
});

test("another version than package.json's is in the names, in VERSION and in the program", async () => {
  const output = await makeSampleRelease("9.8.7-rc.1+build.5");
  const name = "eks-satellite-9.8.7-rc.1+build.5-linux-amd64";
  const read = (path: string) => execa("tar", ["-xzOf", join(output, `${name}.tar.gz`), `${name}/${path}`]);
  assert.equal((await read("VERSION")).stdout, "9.8.7-rc.1+build.5");
  const { stdout: bundle } = await read("opt/eks-satellite/lib/eks-satellite-commands.mjs");
  const said = await execa(process.execPath, ["--input-type=module", "-", "version"], { input: bundle });
  assert.equal(said.stdout, "9.8.7-rc.1+build.5");
  const deb = join(output, "eks-satellite_9.8.7-rc.1+build.5_amd64.deb");
  assert.equal((await execa("dpkg-deb", ["--field", deb, "Version"])).stdout, "9.8.7~rc.1+build.5");
});
