// Where containerd looks for CNI plugins.
import { PATHS } from "../../config/paths.ts";
import type { Table } from "../merge.ts";

/** What distributions write into the file that their package brings: no user has chosen it. */
const DISTRIBUTION_FOLDERS = ["/usr/lib/cni", "/usr/libexec/cni"];

/** What decides which key names the folders: version 2 of the file has one folder, and containerd 2 knows a list. */
interface CniVersions {
  /** Of the configuration file. */
  readonly file: number;
  /** E.g. `1.7.27`. */
  readonly containerd: string;
}

/** The keys of CRI's table `cni` that make containerd look where EKS and every CNI DaemonSet put plugins. */
export function planCniFolders(cni: Table, versions: CniVersions): Table {
  const { bin_dir: one } = cni;
  const many = listed(cni, versions);
  if (many.length > 0) return many.every(isDistributions) ? { bin_dirs: [PATHS.cniBinFolder, ...many] } : {};
  if (typeof one === "string" && one !== "") return isDistributions(one) ? { bin_dir: PATHS.cniBinFolder } : {};
  // Debian's build has another default.
  return versions.file >= 3 ? {} : { bin_dir: PATHS.cniBinFolder };
}

/** The folders in which containerd looks. */
export function listCniFolders(cni: Table, versions: CniVersions): readonly string[] {
  const { bin_dir: one } = cni;
  const named = [...(typeof one === "string" ? [one] : []), ...listed(cni, versions)].filter((folder) => folder !== "");
  return named.length === 0 ? [PATHS.cniBinFolder] : named;
}

function listed({ bin_dirs: many }: Table, { containerd }: CniVersions): readonly string[] {
  return Array.isArray(many) && Number.parseInt(containerd, 10) >= 2 ? many.map(String) : [];
}

/** Whether a folder is what a distribution's package ships. */
export function isDistributions(folder: string): boolean {
  return DISTRIBUTION_FOLDERS.includes(folder.replace(/\/{1,9}$/, ""));
}
