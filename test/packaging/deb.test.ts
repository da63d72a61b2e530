import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { VERSION } from "../../agent/version.ts";
import { debianFiles } from "../../scripts/release/contents.ts";
import { DEBIAN_FOLDERS } from "../../scripts/shell/files.ts";
import { scratchFolder, TOP, takeSampleRelease, unpackTarball } from "./sample-release.ts";

let output: string;
let deb: string;
/** Its files, and its control files in DEBIAN/. */
let unpacked: string;
before(async () => {
  output = await takeSampleRelease();
  deb = join(output, `eks-satellite_${VERSION}_arm64.deb`);
  unpacked = join(await scratchFolder(), "deb");
  await execa("dpkg-deb", ["--raw-extract", deb, unpacked]);
});

/** Completions and manual pages; they have tests of their own. */
function isShellFile(line: string): boolean {
  return Object.values(DEBIAN_FOLDERS).some((folder) => line.includes(folder));
}

async function field(name: string): Promise<string> {
  return (await execa("dpkg-deb", ["--field", deb, name])).stdout;
}

test("the Debian package holds these files with these modes, root owns them, and none is in /etc", async () => {
  const { stdout } = await execa("dpkg-deb", ["--contents", deb]);
  const entries = stdout.split("\n").map((line) => line.split(/\s+/));
  assert.deepEqual([...new Set(entries.map(([, owner]) => owner))], ["root/root"]);
  const files = entries.filter(([mode]) => !mode?.startsWith("d")).map(([mode, , , , , path]) => `${mode} ${path}`);
  assert.deepEqual(
    files.filter((line) => !isShellFile(line)),
    [
      "-rw-r--r-- ./lib/systemd/system/eks-satellite-gateway.service",
      "-rw-r--r-- ./lib/systemd/system/eks-satellite.service",
      "-rwxr-xr-x ./opt/eks-satellite/bin/node",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-admin.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-admin.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-commands.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-commands.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-daemon.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-daemon.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-explain.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-explain.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-hardware.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-hardware.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-kubernetes.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite-kubernetes.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite.mjs",
      "-rw-r--r-- ./opt/eks-satellite/lib/eks-satellite.mjs.map",
      "-rw-r--r-- ./opt/eks-satellite/release-keys/allowed_signers",
      "-rwxr-xr-x ./usr/bin/eks-satellite",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/LICENSE",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/README.md",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/THIRD-PARTY-LICENSES.txt",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/config.example.yaml",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/config.schema.json",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/copyright",
      "-rw-r--r-- ./usr/share/doc/eks-satellite/sbom.cdx.json",
    ],
  );
});

test("it brings completions and compressed manual pages to where Debian's shells and man look", async () => {
  const installed = (path: string) => join(unpacked, path);
  assert.match(readFileSync(installed("usr/share/bash-completion/completions/eks-satellite"), "utf8"), /complete -F/);
  assert.match(readFileSync(installed("usr/share/zsh/vendor-completions/_eks-satellite"), "utf8"), /^#compdef eks-/);
  assert.ok(existsSync(installed("usr/share/fish/vendor_completions.d/eks-satellite.fish")));
  const pages = readdirSync(installed("usr/share/man/man8"));
  assert.ok(pages.length > 10 && pages.every((name) => name.endsWith(".8.gz")), pages.join());
  const { stdout } = await execa("gzip", ["-cd", installed("usr/share/man/man5/eks-satellite-config.5.gz")]);
  assert.match(stdout, new RegExp(`^\\.TH EKS-SATELLITE-CONFIG 5 2025-06-15 "eks-satellite ${VERSION}"`));
});

test("its control file names version, architecture and size", async () => {
  assert.equal(await field("Package"), "eks-satellite");
  assert.equal(await field("Version"), VERSION);
  assert.equal(await field("Architecture"), "arm64");
  assert.match(await field("Depends"), /\blibc6 \(>= 2\.28\)/);
  const kibibytes = Number(await field("Installed-Size"));
  const { stdout } = await execa("du", [
    "--apparent-size",
    "--block-size=1024",
    "--summarize",
    "--exclude=DEBIAN",
    unpacked,
  ]);
  assert.ok(Math.abs(kibibytes - Number.parseInt(stdout, 10)) < 100, `${kibibytes} KiB, du says ${stdout}`);
});

test("it has no conffiles: dpkg never asks about a configuration, nor removes one", () => {
  assert.deepEqual(readdirSync(join(unpacked, "DEBIAN")).toSorted(), [
    "control",
    "md5sums",
    "postinst",
    "postrm",
    "prerm",
  ]);
  assert.equal(existsSync(join(unpacked, "etc")), false);
});

test("its sums are those of its files", () => {
  const lines = readFileSync(join(unpacked, "DEBIAN/md5sums"), "utf8").trimEnd().split("\n");
  assert.equal(lines.filter((line) => !isShellFile(line)).length, 26);
  for (const line of lines) {
    const [sum, path = ""] = line.split("  ");
    assert.equal(
      createHash("md5")
        .update(readFileSync(join(unpacked, path)))
        .digest("hex"),
      sum,
      path,
    );
  }
});

test("it holds what the tarball holds; its unit differs in the launcher's path alone", async () => {
  const tarball = await unpackTarball(output, `eks-satellite-${VERSION}-linux-arm64`);
  const both = ["opt/eks-satellite", "usr/share/doc/eks-satellite"].flatMap((folder) =>
    readdirSync(join(tarball, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(tarball.length + 1))
      // It installs the tarball, and refuses where the package is.
      .filter((path) => !path.endsWith("/install.sh")),
  );
  assert.equal(both.length, 22);
  for (const path of both) {
    assert.ok(readFileSync(join(tarball, path)).equals(readFileSync(join(unpacked, path))), path);
  }
  const unit = readFileSync(join(tarball, "etc/systemd/system/eks-satellite.service"), "utf8");
  const debianUnit = readFileSync(join(unpacked, "lib/systemd/system/eks-satellite.service"), "utf8");
  assert.match(debianUnit, /^ExecStart=\/usr\/bin\/eks-satellite run /m);
  assert.equal(debianUnit.replace("/usr/bin/", "/usr/local/bin/"), unit);
});

test("the gateway's unit starts the same launcher", async () => {
  const unit = readFileSync(join(unpacked, "lib/systemd/system/eks-satellite-gateway.service"), "utf8");
  assert.match(unit, /^ExecStart=\/usr\/bin\/eks-satellite gateway run --config \/etc\/eks-satellite\/gateway\.yaml$/m);
});

test("a unit that does not start the launcher is an error, not a package that starts nothing", async () => {
  const top = await scratchFolder();
  await execa("cp", [
    "-r",
    join(TOP, "systemd"),
    ...["README.md", "LICENSE", "config.example.yaml", "config.schema.json"].map((name) => join(TOP, name)),
    top,
  ]);
  await execa("cp", ["-r", "--parents", "packaging/release-keys", top], { cwd: TOP });
  await execa("sed", ["-i", "s|/usr/local/bin/eks-satellite|/opt/other|", join(top, "systemd/eks-satellite.service")]);
  const built = { files: [], licences: "", sbom: "", shellFiles: () => [], node: "/nowhere" };
  await assert.rejects(debianFiles(top, built), { code: "unit-unexpected" });
});
