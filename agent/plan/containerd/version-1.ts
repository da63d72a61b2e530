// A file of version 1, as it reads in a later version: plugins have their full names there.
import { SatelliteError } from "../../errors.ts";
import { isTable, type Table } from "../merge.ts";
import { CRI_V2 } from "./keys.ts";

/** The plugins that version 1 knew by a bare word (containerd 2, cmd/containerd/server/config, v1MigratePluginName). */
const PLUGIN_TYPES: Readonly<Record<string, string>> = {
  cri: "io.containerd.grpc.v1",
  cgroups: "io.containerd.monitor.v1",
  linux: "io.containerd.runtime.v1",
  scheduler: "io.containerd.gc.v1",
  bolt: "io.containerd.metadata.v1",
  task: "io.containerd.runtime.v2",
  opt: "io.containerd.internal.v1",
  restart: "io.containerd.internal.v1",
  tracing: "io.containerd.internal.v1",
  otlp: "io.containerd.tracing.processor.v1",
  aufs: "io.containerd.snapshotter.v1",
  btrfs: "io.containerd.snapshotter.v1",
  devmapper: "io.containerd.snapshotter.v1",
  native: "io.containerd.snapshotter.v1",
  overlayfs: "io.containerd.snapshotter.v1",
  zfs: "io.containerd.snapshotter.v1",
};

/**
 * A file without a version is of version 1; it takes the newest version that this containerd writes.
 * @param found with its keys in one spelling
 * @throws containerd-config-legacy
 */
export function upgradeFromV1(found: Table, containerdVersion: string): Table {
  if (Number(found.version ?? 1) > 1) return found;
  const { cri, ...plugins } = isTable(found.plugins) ? found.plugins : {};
  const legacy = Object.keys(plugins).filter((name) => !name.startsWith("io.containerd."));
  if (legacy.length > 0) {
    throw new SatelliteError(
      "containerd-config-legacy",
      `containerd's configuration has version 1 and configures plugins by old names: ${legacy.join(", ")}`,
      {
        hint: "Write it in version 2 (containerd config migrate); eks-satellite does not guess what these mean.",
      },
    );
  }
  return {
    ...found,
    ...namedInFull(found, "disabled_plugins"),
    ...namedInFull(found, "required_plugins"),
    ...(found.plugins === undefined
      ? {}
      : { plugins: { ...plugins, ...(cri === undefined ? {} : { [CRI_V2]: cri }) } }),
    // With tables of the old plugin, version 2 is what containerd 2 can migrate by itself.
    version: Number.parseInt(containerdVersion, 10) >= 2 && cri === undefined ? 3n : 2n,
  };
}

function namedInFull(found: Table, key: "disabled_plugins" | "required_plugins"): Table {
  const list = found[key];
  return Array.isArray(list) ? { [key]: list.map((name) => pluginName(String(name))) } : {};
}

function pluginName(name: string): string {
  if (name.includes(".")) return name;
  const type = PLUGIN_TYPES[name] ?? (name.endsWith("-service") ? "io.containerd.service.v1" : "io.containerd.grpc.v1");
  return `${type}.${name}`;
}
