import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { VERSION } from "../../agent/version.ts";
import { absoluteLinks } from "../../scripts/release/readme-links.ts";
import { SAMPLE_NODE, SAMPLE_TIME_SECONDS, TOP, takeSampleRelease, unpackTarball } from "./sample-release.ts";

const NAME = `eks-satellite-${VERSION}-linux-arm64`;

/** packaging/install.sh copies from these paths. */
const FILES: Readonly<Record<string, string>> = {
  VERSION: "-rw-r--r--",
  "etc/systemd/system/eks-satellite.service": "-rw-r--r--",
  "opt/eks-satellite/bin/node": "-rwxr-xr-x",
  "opt/eks-satellite/lib/eks-satellite-admin.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-admin.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-commands.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-commands.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-daemon.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-daemon.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-explain.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-explain.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-hardware.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-hardware.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-kubernetes.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite-kubernetes.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite.mjs": "-rw-r--r--",
  "opt/eks-satellite/lib/eks-satellite.mjs.map": "-rw-r--r--",
  "opt/eks-satellite/release-keys/allowed_signers": "-rw-r--r--",
  "usr/local/bin/eks-satellite": "-rwxr-xr-x",
  "usr/local/bin/eks-satellite-uninstall": "-rwxr-xr-x",
  "usr/share/doc/eks-satellite/LICENSE": "-rw-r--r--",
  "usr/share/doc/eks-satellite/README.md": "-rw-r--r--",
  "usr/share/doc/eks-satellite/THIRD-PARTY-LICENSES.txt": "-rw-r--r--",
  "usr/share/doc/eks-satellite/config.example.yaml": "-rw-r--r--",
  "usr/share/doc/eks-satellite/config.schema.json": "-rw-r--r--",
  "usr/share/doc/eks-satellite/install.sh": "-rw-r--r--",
  "usr/share/doc/eks-satellite/sbom.cdx.json": "-rw-r--r--",
};

let output: string;
let unpacked: string;
before(async () => {
  output = await takeSampleRelease();
  unpacked = await unpackTarball(output, NAME);
});

function content(path: string): string {
  return readFileSync(join(unpacked, path), "utf8");
}

test("the tarball holds these files below one folder, with these modes, and root owns them", async () => {
  const { stdout } = await execa("tar", ["-tvzf", join(output, `${NAME}.tar.gz`), "--numeric-owner"]);
  const entries = stdout.split("\n").map((line) => line.split(/\s+/));
  const files = entries.filter(([mode]) => !mode?.startsWith("d"));
  assert.deepEqual(
    Object.fromEntries(
      files
        .map(([mode, , , , , path = ""]) => [path, mode])
        .filter(([path = ""]) => !path.includes("/usr/local/share/")),
    ),
    Object.fromEntries(Object.entries(FILES).map(([path, mode]) => [`${NAME}/${path}`, mode])),
  );
  assert.deepEqual([...new Set(entries.map(([, owner]) => owner))], ["0/0"]);
  const folders = entries.filter(([mode]) => mode?.startsWith("d"));
  assert.deepEqual([...new Set(folders.map(([mode]) => mode))], ["drwxr-xr-x"]);
  const names = entries.map(([, , , , , path = ""]) => path);
  assert.deepEqual(names, names.toSorted());
});

test("everything in it has the time of the source", () => {
  for (const path of Object.keys(FILES)) {
    assert.equal(statSync(join(unpacked, path)).mtimeMs, SAMPLE_TIME_SECONDS * 1000, path);
  }
});

test("VERSION holds the version alone, and the bundle says the same", async () => {
  assert.equal(content("VERSION"), `${VERSION}\n`);
  const { stdout } = await execa(process.execPath, [
    join(unpacked, "opt/eks-satellite/lib/eks-satellite.mjs"),
    "version",
  ]);
  assert.equal(stdout, VERSION);
});

test("what comes from the repository is in it unchanged, and Node is the one that was given", () => {
  const copies = {
    "etc/systemd/system/eks-satellite.service": "systemd/eks-satellite.service",
    "opt/eks-satellite/release-keys/allowed_signers": "packaging/release-keys/allowed_signers",
    "usr/local/bin/eks-satellite": "systemd/eks-satellite",
    "usr/local/bin/eks-satellite-uninstall": "packaging/install.sh",
    "usr/share/doc/eks-satellite/LICENSE": "LICENSE",
    "usr/share/doc/eks-satellite/config.example.yaml": "config.example.yaml",
    "usr/share/doc/eks-satellite/config.schema.json": "config.schema.json",
    "usr/share/doc/eks-satellite/install.sh": "packaging/install.sh",
  };
  for (const [path, source] of Object.entries(copies)) {
    assert.equal(content(path), readFileSync(join(TOP, source), "utf8"), path);
  }
  assert.equal(content("opt/eks-satellite/bin/node"), SAMPLE_NODE);
});

test("README is in it with absolute links, for docs/ is not in the package", () => {
  const readme = content("usr/share/doc/eks-satellite/README.md");
  assert.equal(readme, absoluteLinks(readFileSync(join(TOP, "README.md"), "utf8")));
  const targets = Array.from(readme.matchAll(/\]\(([^)]+)\)/g), ([, target = ""]) => target);
  assert.ok(targets.length > 20);
  assert.deepEqual(
    targets.filter((target) => !/^(https:|#)/.test(target)),
    [],
  );
  assert.ok(targets.includes("https://github.com/eks-satellite/eks-satellite/blob/main/docs/tutorials/first-node.md"));
});

test("the launcher and the unit name paths that are in the tarball", () => {
  const launcher = content("usr/local/bin/eks-satellite");
  const [, folder = ""] = /^program=\/(\S+)$/m.exec(launcher) ?? [];
  const paths = Array.from(launcher.matchAll(/\$program(\/[\w./-]+)/g), ([, path = ""]) => folder + path);
  assert.ok(paths.length > 1, "the launcher names its program");
  for (const path of paths) assert.ok(path in FILES, path);
  const command = /^ExecStart=\/(\S+)/m.exec(content("etc/systemd/system/eks-satellite.service"))?.[1];
  assert.ok(command !== undefined && command in FILES, command);
});

test("the source map belongs to the bundle, and names no folder outside the repository", () => {
  assert.match(content("opt/eks-satellite/lib/eks-satellite.mjs"), /\/\/# sourceMappingURL=eks-satellite\.mjs\.map\n$/);
  const { sources } = JSON.parse(content("opt/eks-satellite/lib/eks-satellite.mjs.map")) as { sources: string[] };
  assert.ok(sources.includes("../agent/main.ts"));
  const outside = sources.filter(
    (path) => !/^(\.\.\/(agent|node_modules)\/|\.\.\/package\.json$|lazy-http:)/.test(path),
  );
  assert.deepEqual(outside, []);
});
