// What the sandbox's Lambda shows of an account, in the API's words.
import { isThere, type LambdaAccount, type LambdaMachine, type Ruleset } from "./account.ts";
import { instanceTypes, regions } from "./catalogue.ts";
import type { LambdaSettings } from "./settings.ts";

export function showRegion(name: string) {
  return regions.find((region) => region.name === name) ?? { name, description: "" };
}

/** A machine; while it boots it has no address. */
export function showMachine(account: LambdaAccount, machine: LambdaMachine, settings: LambdaSettings) {
  const { id, name, hostname, address, privateAddress, tags } = machine;
  const mounts = machine.fileSystems.map(({ id, mountPoint }) => ({ mount_point: mountPoint, file_system_id: id }));
  const named = account.fileSystems.filter((one) => machine.fileSystems.some((used) => used.id === one.id));
  const token = `jupyter-${id}`;
  return {
    id,
    ...(name === undefined ? {} : { name }),
    hostname,
    ...(address === undefined ? {} : { ip: address }),
    ...(privateAddress === undefined || settings.hidesPrivateAddress === true ? {} : { private_ip: privateAddress }),
    status: settings.statuses?.[name ?? ""] ?? machine.status,
    ssh_key_names: [machine.sshKey],
    file_system_names: named.map((one) => one.name),
    file_system_mounts: mounts,
    region: showRegion(machine.region),
    instance_type: instanceTypes.find((type) => type.name === machine.type),
    actions: showActions(machine),
    tags,
    firewall_rulesets: machine.rulesets.map((ruleset) => ({ id: ruleset })),
    ...(machine.status === "active"
      ? { jupyter_token: token, jupyter_url: `https://jupyter.invalid/?token=${token}` }
      : {}),
  };
}

const available = { available: true };

function showActions({ status }: LambdaMachine) {
  const reason = REASONS[status];
  const none =
    reason === undefined ? available : { available: false, reason_code: reason, reason_description: `it is ${status}` };
  return {
    restart: none,
    // A machine that still boots can be given back.
    terminate: status === "booting" ? available : none,
    migrate: none,
    rebuild: none,
    cold_reboot: none,
  };
}

const REASONS: Readonly<Partial<Record<LambdaMachine["status"], string>>> = {
  booting: "vm-has-not-launched",
  terminating: "vm-is-terminating",
  terminated: "vm-is-terminating",
  preempted: "vm-is-terminating",
};

export function showRuleset({ machines }: LambdaAccount, ruleset: Ruleset) {
  const { id, name, region, rules, created } = ruleset;
  const users = machines.filter((machine) => isThere(machine) && machine.rulesets.includes(id));
  return { id, name, region: showRegion(region), rules, created, instance_ids: users.map((machine) => machine.id) };
}

export function showFileSystem(
  { machines }: LambdaAccount,
  { id, name, region, created }: LambdaAccount["fileSystems"][number],
) {
  const isUsed = machines.some((machine) => isThere(machine) && machine.fileSystems.some((used) => used.id === id));
  return {
    ...{ id, name, created, is_in_use: isUsed, bytes_used: 0 },
    region: showRegion(region),
    mount_point: `/lambda/nfs/${name}`,
    created_by: { id: "0", email: "user@example.com", status: "active" },
  };
}

/** Every type, and where it is to be had. */
export function showTypes(capacity: Readonly<Record<string, readonly string[]>>) {
  return Object.fromEntries(
    instanceTypes.map((type) => [
      type.name,
      { instance_type: type, regions_with_capacity_available: (capacity[type.name] ?? []).map(showRegion) },
    ]),
  );
}
