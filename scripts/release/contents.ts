// What a package installs, and where: once as the tarball lays it out, once as Debian wants it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SatelliteError } from "../../agent/errors.ts";
import type { BundleFile } from "../bundle.ts";
import { DEBIAN_FOLDERS, LOCAL_FOLDERS, type renderShellFiles } from "../shell/files.ts";
import { absoluteLinks } from "./readme-links.ts";
import type { PackageFile } from "./tree.ts";

/** What the build made for one architecture; the rest comes from the repository. */
export interface Built {
  /** The program's files. */
  readonly files: readonly BundleFile[];
  /** Contents of THIRD-PARTY-LICENSES.txt. */
  readonly licences: string;
  /** Contents of sbom.cdx.json. */
  readonly sbom: string;
  /** Completions and manual pages, below the folders that are given. */
  readonly shellFiles: ReturnType<typeof renderShellFiles>;
  /** Path of Node's program. */
  readonly node: string;
}

const LAUNCHER = "usr/local/bin/eks-satellite";
/** The installer under the name by which it uninstalls. */
const UNINSTALLER = "usr/local/bin/eks-satellite-uninstall";
const DEBIAN_LAUNCHER = "usr/bin/eks-satellite";
const UNIT = "eks-satellite.service";
/** In the Debian package alone, by which a gateway's instance is installed. It is enabled by the instance's user data. */
const GATEWAY_UNIT = "eks-satellite-gateway.service";
const DOCUMENTATION = "usr/share/doc/eks-satellite";
/** Whose releases the installed version trusts, for the next upgrade. */
const SIGNERS = "release-keys/allowed_signers";
const SHARED_DOCUMENTS = ["LICENSE", "config.example.yaml", "config.schema.json"];

/** The files of the tarball, relative to the root of the machine: what an administrator installs is in /usr/local and /etc. */
export async function localFiles(top: string, built: Built): Promise<PackageFile[]> {
  const installer = await readFile(join(top, "packaging/install.sh"));
  return [
    ...(await commonFiles(top, built)),
    { path: LAUNCHER, content: await readFile(join(top, "systemd/eks-satellite")), isProgram: true },
    { path: `etc/systemd/system/${UNIT}`, content: await readUnit(top, UNIT) },
    ...built.shellFiles(LOCAL_FOLDERS),
    { path: UNINSTALLER, content: installer, isProgram: true },
    // User data takes it from the tarball, whose checksum it knows.
    { path: `${DOCUMENTATION}/install.sh`, content: installer },
  ];
}

/**
 * The files of the Debian package: what a package installs is in /usr/bin and /lib. Nothing is in /etc, which is the administrator's.
 * @throws SatelliteError `unit-unexpected` when the unit does not start the launcher once
 */
export async function debianFiles(top: string, built: Built): Promise<PackageFile[]> {
  return [
    ...(await commonFiles(top, built)),
    { path: DEBIAN_LAUNCHER, content: await readFile(join(top, "systemd/eks-satellite")), isProgram: true },
    ...(await Promise.all([UNIT, GATEWAY_UNIT].map((unit) => debianUnit(top, unit)))),
    ...built.shellFiles(DEBIAN_FOLDERS),
    { path: `${DOCUMENTATION}/copyright`, content: await readFile(join(top, "packaging/deb/copyright")) },
  ];
}

async function commonFiles(top: string, built: Built): Promise<PackageFile[]> {
  const documents = SHARED_DOCUMENTS.map(async (name) => ({
    path: `${DOCUMENTATION}/${name}`,
    content: await readFile(join(top, name)),
  }));
  return [
    { path: "opt/eks-satellite/bin/node", content: { linkTo: built.node }, isProgram: true },
    ...built.files.map(({ name, content }) => ({ path: `opt/eks-satellite/lib/${name}`, content })),
    { path: `opt/eks-satellite/${SIGNERS}`, content: await readFile(join(top, "packaging", SIGNERS)) },
    ...(await Promise.all(documents)),
    { path: `${DOCUMENTATION}/README.md`, content: absoluteLinks(await readFile(join(top, "README.md"), "utf8")) },
    { path: `${DOCUMENTATION}/THIRD-PARTY-LICENSES.txt`, content: built.licences },
    { path: `${DOCUMENTATION}/sbom.cdx.json`, content: built.sbom },
  ];
}

/** The unit with the launcher where Debian wants it. */
async function debianUnit(top: string, unit: string): Promise<PackageFile> {
  const parts = (await readUnit(top, unit)).split(`/${LAUNCHER} `);
  if (parts.length !== 2) {
    throw new SatelliteError("unit-unexpected", `${unit} names /${LAUNCHER} ${parts.length - 1} times, not once`, {
      hint: `Let systemd/${unit} and scripts/release/contents.ts agree.`,
    });
  }
  return { path: `lib/systemd/system/${unit}`, content: parts.join(`/${DEBIAN_LAUNCHER} `) };
}

async function readUnit(top: string, unit: string): Promise<string> {
  return await readFile(join(top, "systemd", unit), "utf8");
}
