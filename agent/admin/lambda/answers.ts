// Lambda's answers in this program's words. What is not named here goes no further: a machine's jupyter_token and jupyter_url, that is.
import type * as z from "zod";
import type {
  FileSystem,
  FirewallRule,
  Machine,
  MachineImage,
  MachineOffer,
  MachineType,
  Ruleset,
  SshKey,
} from "./api.ts";
import type { AnswerOf, fileSystem, firewallRule, image, instance, ruleset, sshKey } from "./shapes.ts";

type Wire<T extends z.ZodType> = z.infer<T>;
type WireInstance = Wire<typeof instance>;

/** All types, by name. */
export function toOffers(types: AnswerOf<"GET /instance-types">): readonly MachineOffer[] {
  return Object.values(types)
    .map(({ instance_type, regions_with_capacity_available }) => ({
      ...toType(instance_type),
      regions: regions_with_capacity_available.map(toRegion).toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

export function toMachine(wire: WireInstance): Machine {
  return {
    id: wire.id,
    name: wire.name || undefined,
    hostname: wire.hostname || undefined,
    address: wire.ip || undefined,
    privateAddress: wire.private_ip || undefined,
    status: wire.status,
    sshKeyNames: wire.ssh_key_names,
    fileSystemNames: wire.file_system_names,
    region: toRegion(wire.region),
    type: toType(wire.instance_type),
    actions: Object.fromEntries(Object.entries(wire.actions).map(([name, action]) => [name, toAction(action)])),
    tags: Object.fromEntries((wire.tags ?? []).map(({ key, value }) => [key, value])),
    rulesetIds: (wire.firewall_rulesets ?? []).map(({ id }) => id),
  };
}

/** An action that has no fields, as in the document's own example, is one that can be done. */
function toAction({ available = true, reason_description, reason_code }: WireInstance["actions"][string]) {
  return { isAvailable: available, reason: available ? undefined : reason_description || reason_code };
}

function toType(wire: WireInstance["instance_type"]): MachineType {
  return {
    name: wire.name,
    description: wire.description,
    gpuDescription: wire.gpu_description,
    centsPerHour: wire.price_cents_per_hour,
    vcpus: wire.specs.vcpus,
    memoryGib: wire.specs.memory_gib,
    storageGib: wire.specs.storage_gib,
    gpus: wire.specs.gpus,
  };
}

function toRegion({ name, description }: WireInstance["region"]) {
  return { name, description };
}

export function toImage({ id, name, family, version, architecture, region }: Wire<typeof image>): MachineImage {
  return { id, name, family, version, architecture, region: region.name };
}

export function toSshKey({ id, name, public_key }: Wire<typeof sshKey>): SshKey {
  return { id, name, publicKey: public_key };
}

export function toFileSystem({ id, name, mount_point, region, is_in_use }: Wire<typeof fileSystem>): FileSystem {
  return { id, name, mountPoint: mount_point, region: region.name, isInUse: is_in_use };
}

export function toRule({ protocol, port_range, source_network, description }: Wire<typeof firewallRule>): FirewallRule {
  const source = source_network.includes("/") ? source_network : `${source_network}/32`;
  return {
    protocol,
    source,
    description: description ?? "",
    ...(port_range === undefined || port_range === null ? {} : { ports: port_range }),
  };
}

export function toRuleset({ id, name, region, rules, instance_ids }: Wire<typeof ruleset>): Ruleset {
  return { id, name, region: region.name, rules: rules.map(toRule), machineIds: instance_ids ?? [] };
}
