// Whether images can be pulled as configured: ECR through the credential provider, other registries through containerd's files.
import type { Report } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import { isLongLived, LONG_LIVED_KEYS } from "../credentials/credentials.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import type { SessionKeys } from "../host/aws.ts";
import { findConflict, isLookedFor, readRegistryTable } from "../plan/registries.ts";

export interface ImagePullFacts {
  readonly machine: { readonly hasEcrCredentialProvider: boolean };
  /** As last read; undefined when it is not there. */
  readonly containerd: ContainerdFacts | undefined;
}

type Settings = Pick<Config, "containerd" | "imageCredentialProvider">;

/** The condition ImagePullsConfigured. `keys` are the node's, undefined while there are none. */
export function reportImagePulls(settings: Settings, facts: ImagePullFacts, keys: SessionKeys | undefined): Report {
  const registries = Object.keys(settings.containerd.registries);
  return reportObstacle(settings, facts, registries) ?? reportKeys(keys, registries);
}

/** What keeps images from being pulled as configured, whatever the keys. */
function reportObstacle(
  { containerd, imageCredentialProvider }: Settings,
  facts: ImagePullFacts,
  registries: readonly string[],
): Report | undefined {
  const table = facts.containerd === undefined ? undefined : readRegistryTable(facts.containerd);
  const conflict = table === undefined ? undefined : findConflict(table, facts.containerd?.version ?? "");
  if (registries.length > 0 && conflict !== undefined) {
    return {
      status: "False",
      reason: "RegistriesIgnored",
      message: `containerd.registries (${registries.join(", ")}) is without effect: ${containerd.configFile} has ${conflict}, beside which containerd does not read them`,
      hint: `Say in containerd.registries what they say, and remove them from ${containerd.configFile}.`,
    };
  }
  if (!facts.machine.hasEcrCredentialProvider) {
    return {
      status: "False",
      reason: "CredentialProviderMissing",
      message: `there is no ${imageCredentialProvider.path}: kubelet has no credentials for ECR`,
      hint: "artifacts.install: auto downloads it; or install it there, or set imageCredentialProvider.path.",
    };
  }
  if (registries.length > 0 && !(table !== undefined && isLookedFor(table)))
    return {
      status: "Unknown",
      reason: "Configuring",
      message: "containerd's configuration does not name the folder of its registries' files yet",
    };
  return undefined;
}

function reportKeys(keys: SessionKeys | undefined, registries: readonly string[]): Report {
  const elsewhere = registries.length === 0 ? "" : `; ${registries.join(", ")} as configured`;
  if (keys === undefined) return { status: "Unknown", reason: "NoKeys", message: `no AWS keys yet${elsewhere}` };
  if (isLongLived(keys)) {
    return {
      status: "True",
      reason: "WithoutEcr",
      message: `no short-lived keys, so none for ecr-credential-provider${elsewhere}`,
      hint: LONG_LIVED_KEYS.hint,
    };
  }
  return {
    status: "True",
    reason: "Configured",
    message: `ecr-credential-provider has this node's short-lived keys${elsewhere}`,
  };
}
