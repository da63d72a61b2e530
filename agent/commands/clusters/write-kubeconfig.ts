// `eks-satellite clusters kubeconfig`: kubectl's way to a cluster, without the AWS CLI.
import { join, resolve } from "node:path";
import { mergeKubeconfig } from "../../admin/clusters/kubeconfig.ts";
import { type RegionAdmin, readOne } from "../../admin/clusters/read-clusters.ts";
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { checkCluster } from "../admin-changes.ts";
import type { LaptopContext, Print } from "../context.ts";

export interface KubeconfigOptions {
  readonly region: string;
  readonly profile?: string;
  readonly output?: string;
  readonly alias?: string;
}

interface KubeconfigContext {
  readonly host: LaptopHost;
  readonly environment: LaptopContext["environment"];
  readonly openAdmin: (region: string) => Promise<RegionAdmin>;
}

const MODE = 0o600;
const MAX_BYTES = 1024 * 1024;
const BACKUP = ".before-eks-satellite";

/** Merges the cluster into the file; the one before stays beside it. @throws cluster-invalid, cluster-not-found, cluster-not-active, kubeconfig-unusable */
export async function kubeconfigCommand(
  { host, environment, openAdmin }: KubeconfigContext,
  name: string,
  { region, profile, output, alias }: KubeconfigOptions,
  print: Print,
): Promise<void> {
  const cluster = checkCluster({ cluster: name, region });
  const file = fileOf(output, environment);
  const { description } = await readOne(await openAdmin(region), cluster);
  const { arn = "", endpoint = "", certificateAuthorityData: caData = "", status = "unknown" } = description;
  if (endpoint === "" || caData === "")
    throw new SatelliteError("cluster-not-active", `cluster ${name} is ${status}, and has no endpoint yet`, {
      hint: "Wait until EKS reports ACTIVE.",
    });
  const before = (await host.files.readWithStatus(file, MAX_BYTES))?.text;
  const entry = { arn, alias, cluster: name, region, profile, endpoint, caData };
  const text = mergeKubeconfig(before, file, entry);
  if (text === before) return print(`${file}: nothing to change\n`);
  if (before !== undefined) await host.files.write(file + BACKUP, before, { mode: MODE });
  await host.files.write(file, text, { mode: MODE });
  const kept = before === undefined ? "" : `; the file as it was: ${file}${BACKUP}`;
  print(`${file}: context ${alias ?? arn}, which kubectl uses now${kept}\n`);
}

/** The file that kubectl reads first. @throws options-invalid */
function fileOf(output: string | undefined, { KUBECONFIG = "", HOME = "" }: LaptopContext["environment"]): string {
  if (output !== undefined) return resolve(output);
  const [first = ""] = KUBECONFIG.split(":").filter((path) => path !== "");
  if (first !== "") return resolve(first);
  if (HOME !== "") return join(HOME, ".kube/config");
  throw new SatelliteError("options-invalid", "there is neither HOME nor KUBECONFIG", {
    hint: "Name the file: --output FILE.",
  });
}
