// The Debian package: control files, maintainer scripts, and dpkg-deb to put them together.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./tarball.ts";
import { runTool } from "./tool.ts";
import { type PackageFile, writeTree } from "./tree.ts";
import { debianVersion } from "./version.ts";

/** What the control file says. */
export interface DebianIdentity {
  readonly version: string;
  /** Debian's name of it, e.g. `amd64`. */
  readonly architecture: string;
  /** One line, as package.json has it. */
  readonly description: string;
}

const MAINTAINER_SCRIPTS = ["postinst", "prerm", "postrm"];

/** What the program of Node needs; the versions are those of its symbols (GLIBC_2.28, GLIBCXX_3.4.21). */
const DEPENDS = "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5), systemd";

/**
 * Makes `eks-satellite_<version>_<architecture>.deb`; the same files give the same bytes.
 * @param top the repository, for packaging/deb
 * @returns the file's name
 */
export async function makeDeb(
  top: string,
  { identity, files, place }: { identity: DebianIdentity; files: readonly PackageFile[]; place: Place },
): Promise<string> {
  // The version as it is, for dpkg reads the control file alone: what hosts downloads may change a tilde.
  const name = `eks-satellite_${identity.version}_${identity.architecture}.deb`;
  const root = join(place.work, `deb-${identity.architecture}`);
  const scripts = MAINTAINER_SCRIPTS.map(async (script) => ({
    path: `DEBIAN/${script}`,
    content: await readFile(join(top, "packaging/deb", script)),
    isProgram: true,
  }));
  const contents = await Promise.all(files.map(readContent));
  const control: PackageFile[] = [
    { path: "DEBIAN/control", content: renderControl(identity, contents) },
    { path: "DEBIAN/md5sums", content: renderSums(files, contents) },
    ...(await Promise.all(scripts)),
  ];
  await writeTree(root, [...files, ...control], place.timeSeconds);
  // Level 1: beyond it, xz takes minutes of a slow machine for a few percent.
  await runTool("dpkg-deb", ["--root-owner-group", "-Zxz", "-z1", "--build", root, join(place.output, name)], {
    environment: { SOURCE_DATE_EPOCH: String(place.timeSeconds) },
  });
  return name;
}

async function readContent({ content }: PackageFile): Promise<Uint8Array> {
  if (typeof content === "string") return Buffer.from(content);
  return "linkTo" in content ? await readFile(content.linkTo) : content;
}

/** @see https://www.debian.org/doc/debian-policy/ch-controlfields.html */
function renderControl(
  { version, architecture, description }: DebianIdentity,
  contents: readonly Uint8Array[],
): string {
  const kibibytes = contents.reduce((sum, { length }) => sum + Math.ceil(length / 1024), 0);
  return `Package: eks-satellite
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: eks-satellite maintainers <maintainers@eks-satellite.invalid>
Installed-Size: ${kibibytes}
Depends: ${DEPENDS}
Recommends: containerd.io | containerd
Section: admin
Priority: optional
Description: keeps a machine outside AWS a node of an EKS cluster
 ${description}
 .
 It carries its own Node.js, and starts nothing by itself: write
 /etc/eks-satellite/config.yaml, then
 systemctl enable --now eks-satellite.
`;
}

/** The file that debsums(1) checks an installation against. */
function renderSums(files: readonly PackageFile[], contents: readonly Uint8Array[]): string {
  const lines = contents.map(
    (content, at) => `${createHash("md5").update(content).digest("hex")}  ${files[at]?.path}\n`,
  );
  return lines.join("");
}
