// From where containerd pulls images of a registry: a hosts.toml for each, and the key that has containerd look for them.
// https://github.com/containerd/containerd/blob/main/docs/hosts.md
import { stringify } from "smol-toml";
import { PATHS } from "../config/paths.ts";
import type { Registries, Registry } from "../config/registry-schema.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import { optional } from "../optional.ts";
import { CRI_V2, CRI_V3_IMAGES, unifyKeys } from "./containerd/keys.ts";
import { isTable, type Table, tableAt } from "./merge.ts";
import { renderOwnedFile } from "./owned-file.ts";

/** What containerd has by default since 2.2, although it does not find it itself: see {@link findConflict}. */
const BROKEN_DEFAULT = `${PATHS.registriesFolder}:/etc/docker/certs.d`;

/** Path of a registry's file. */
export function hostsPath(registry: string): string {
  return `${PATHS.registriesFolder}/${registry}/hosts.toml`;
}

/** Renders a registry's file. containerd reads it with each pull. */
export function renderHosts({ server, ca, skipVerify, mirrors }: Registry): string {
  const hosts = mirrors.map((mirror) => [
    mirror.url,
    {
      capabilities: mirror.resolve ? ["pull", "resolve"] : ["pull"],
      ...trust(mirror),
      ...(mirror.clientCertificate === undefined
        ? {}
        : { client: [[mirror.clientCertificate, mirror.clientKey ?? ""]] }),
      ...(mirror.overridePath ? { override_path: true } : {}),
    },
  ]);
  const table = {
    ...optional({ server }),
    ...trust({ ca, skipVerify }),
    ...(hosts.length === 0 ? {} : { host: Object.fromEntries(hosts) }),
  };
  return renderOwnedFile([stringify(table).trimEnd()]);
}

function trust({ ca, skipVerify }: { readonly ca?: string | undefined; readonly skipVerify: boolean }): Table {
  return { ...optional({ ca }), ...(skipVerify ? { skip_verify: true } : {}) };
}

/** The keys of CRI's table `registry` that lead containerd to the files; none where they would keep it from starting. */
export function planConfigPath(registry: Table, registries: Registries, containerdVersion: string): Table {
  if (Object.keys(registries).length === 0 || findConflict(registry, containerdVersion) !== undefined) return {};
  const found = configPathOf(registry);
  if (["", BROKEN_DEFAULT, PATHS.registriesFolder].includes(found)) return { config_path: PATHS.registriesFolder };
  return { config_path: isLookedFor(registry) ? found : `${PATHS.registriesFolder}:${found}` };
}

/**
 * Keys beside which containerd does not read the files, undefined when there are none: those of the older way, with which it
 * refuses `config_path` and so leaves CRI out; and, since 2.1, any other folder, because pulls through its transfer service take
 * the list of folders for the name of one (https://github.com/containerd/containerd/issues/12808).
 */
export function findConflict(registry: Table, containerdVersion: string): string | undefined {
  const configs = tableAt(registry, "configs");
  const ofTls = Object.keys(configs).filter((name) => isTable(tableAt(configs, name).tls));
  const mirrors = Object.keys(tableAt(registry, "mirrors"));
  const path = configPathOf(registry);
  const isElsewhere =
    Number.parseInt(containerdVersion, 10) >= 2 && !["", BROKEN_DEFAULT, PATHS.registriesFolder].includes(path);
  const keys = [
    ...mirrors.map((name) => `mirrors."${name}"`),
    ...ofTls.map((name) => `configs."${name}".tls`),
    ...(isElsewhere ? [`config_path = "${path}"`] : []),
  ];
  return keys.length === 0 ? undefined : keys.join(", ");
}

/** The table as containerd has it, or as its file says. */
export function readRegistryTable({ version, config, effective }: ContainerdFacts): Table {
  const found = unifyKeys(effective ?? (config.kind === "parsed" ? config.table : {}), version);
  const plugins = tableAt(found, "plugins");
  return Number(found.version) >= 3
    ? tableAt(plugins, CRI_V3_IMAGES, "registry")
    : tableAt(plugins, CRI_V2, "registry");
}

/** Whether containerd looks for the files. */
export function isLookedFor(registry: Table): boolean {
  return configPathOf(registry)
    .split(":")
    .some((folder) => folder.replace(/\/+$/, "") === PATHS.registriesFolder);
}

function configPathOf({ config_path: path }: Table): string {
  return typeof path === "string" ? path : "";
}
