// A launch at the sandbox's Lambda: what of it is refused, and the machine that it makes.
import { randomUUID } from "node:crypto";
import type { BodyOf } from "../../../agent/admin/lambda/shapes.ts";
import { isThere, type LambdaAccount, type LambdaMachine } from "./account.ts";
import { images, instanceTypes, regions } from "./catalogue.ts";
import { doesNotExist, invalid, Refusal } from "./refusal.ts";

type Body = BodyOf<"POST /instance-operations/launch">;

const DEFAULT_QUOTA = 5;

/** What decides about a launch beside the account. */
export interface LaunchContext {
  /** Regions in which each type is to be had. */
  readonly capacity: Readonly<Record<string, readonly string[]>>;
  readonly quota?: number;
  readonly isIdle: boolean;
  readonly nowMs: number;
}

/** The new machine. @throws Refusal */
export function launchMachine(account: LambdaAccount, body: Body, context: LaunchContext): LambdaMachine {
  checkNames(account, body);
  const region = body.region_name;
  const mounts = findFileSystems(account, body);
  const rulesets = findRulesets(account, body);
  if (account.machines.filter(isThere).length >= (context.quota ?? DEFAULT_QUOTA))
    throw new Refusal(400, "global/quota-exceeded", "the account has as many machines as it may have");
  if (context.capacity[body.instance_type_name]?.includes(region) !== true)
    throw new Refusal(
      400,
      "instance-operations/launch/insufficient-capacity",
      `no ${body.instance_type_name} is free in ${region}`,
    );
  const id = randomUUID().replaceAll("-", "");
  return {
    id,
    ...(body.name === undefined ? {} : { name: body.name }),
    hostname: body.hostname ?? `machine-${id.slice(0, 8)}`,
    status: "booting",
    region,
    type: body.instance_type_name,
    sshKey: body.ssh_key_names[0] ?? "",
    fileSystems: mounts,
    rulesets,
    tags: body.tags ?? [],
    userData: body.user_data ?? "",
    isIdle: context.isIdle,
    isRestarting: false,
    changedAtMs: context.nowMs,
  };
}

function checkNames({ sshKeys }: LambdaAccount, { region_name, instance_type_name, ssh_key_names, image }: Body): void {
  if (!regions.some(({ name }) => name === region_name)) throw doesNotExist("region", region_name);
  if (!instanceTypes.some(({ name }) => name === instance_type_name))
    throw doesNotExist("instance type", instance_type_name);
  for (const wanted of ssh_key_names)
    if (!sshKeys.some(({ name }) => name === wanted)) throw doesNotExist("SSH key", wanted);
  if (image === undefined) return;
  const inRegion = images.filter(({ region }) => region.name === region_name);
  const isFound =
    "id" in image ? inRegion.some(({ id }) => id === image.id) : inRegion.some(({ family }) => family === image.family);
  if (!isFound) throw doesNotExist("image", Object.values(image).join());
}

function findFileSystems(
  { fileSystems }: LambdaAccount,
  { region_name, file_system_names = [], file_system_mounts = [] }: Body,
) {
  const named = file_system_names.map((wanted) => {
    const found = fileSystems.find(({ name }) => name === wanted);
    if (found === undefined) throw doesNotExist("file system", wanted);
    return { found, mountPoint: `/lambda/nfs/${wanted}` };
  });
  const mounted = file_system_mounts.map(({ file_system_id, mount_point }) => {
    const found = fileSystems.find(({ id }) => id === file_system_id);
    if (found === undefined) throw doesNotExist("file system", file_system_id);
    return { found, mountPoint: mount_point };
  });
  for (const { found } of [...named, ...mounted])
    if (found.region !== region_name)
      throw new Refusal(
        400,
        "instance-operations/launch/file-system-in-wrong-region",
        `${found.name} is in ${found.region}, and the machine in ${region_name}`,
      );
  return [...named, ...mounted].map(({ found, mountPoint }) => ({ id: found.id, mountPoint }));
}

function findRulesets({ rulesets }: LambdaAccount, { region_name, firewall_rulesets = [] }: Body): readonly string[] {
  return firewall_rulesets.map(({ id: wanted }) => {
    const found = rulesets.find(({ id }) => id === wanted);
    if (found === undefined) throw doesNotExist("firewall ruleset", wanted);
    if (found.region !== region_name)
      throw invalid(`firewall ruleset ${found.name} is of ${found.region}, and the machine of ${region_name}`);
    return wanted;
  });
}
