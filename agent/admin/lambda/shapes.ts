// The shapes of Lambda Cloud's API, as its OpenAPI document 1.10 has them: what is asked and what is answered. An answer may have more.
import * as z from "zod";

/** POST /instance-operations/launch: no client token, and one machine a call. */
export const MAX_USER_DATA_BYTES = 1_000_000;
export const MAX_NAME_LENGTH = 64;
export const HOSTNAME = /^[a-z0-9][0-9a-z-]{0,62}$/;
export const TAG_KEY = /^[a-z][a-z0-9-:]+$/;

/** What a machine's status is known to be; another word is kept as it came. */
export const KNOWN_STATUSES = ["booting", "active", "unhealthy", "terminating", "terminated", "preempted"] as const;

const region = z.looseObject({ name: z.string(), description: z.string().optional() });

const specs = z.looseObject({
  vcpus: z.number(),
  memory_gib: z.number(),
  storage_gib: z.number(),
  gpus: z.number(),
});

const instanceType = z.looseObject({
  name: z.string(),
  description: z.string(),
  gpu_description: z.string().optional(),
  price_cents_per_hour: z.number(),
  specs,
});

/** Of one type: where there is capacity now. */
const offer = z.looseObject({ instance_type: instanceType, regions_with_capacity_available: z.array(region) });

const tag = z.looseObject({ key: z.string(), value: z.string() });
const idOnly = z.looseObject({ id: z.string() });
const mount = z.looseObject({ mount_point: z.string(), file_system_id: z.string() });

/** Whether a machine can be restarted, terminated, …, and why not. */
const action = z.looseObject({
  available: z.boolean().optional(),
  reason_code: z.string().optional(),
  reason_description: z.string().optional(),
});

/** There is no time of creation. `jupyter_token` and `jupyter_url` are secrets. */
export const instance = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  hostname: z.string().nullish(),
  ip: z.string().nullish(),
  private_ip: z.string().nullish(),
  status: z.string(),
  ssh_key_names: z.array(z.string()),
  file_system_names: z.array(z.string()),
  file_system_mounts: z.array(mount).nullish(),
  region,
  instance_type: instanceType,
  actions: z.record(z.string(), action),
  tags: z.array(tag).nullish(),
  firewall_rulesets: z.array(idOnly).nullish(),
  jupyter_token: z.string().nullish(),
  jupyter_url: z.string().nullish(),
});

export const image = z.looseObject({
  id: z.string(),
  name: z.string(),
  family: z.string(),
  version: z.string(),
  architecture: z.string(),
  region,
  description: z.string().optional(),
  created_time: z.string().optional(),
  updated_time: z.string().optional(),
});

/** `private_key` comes once, where Lambda made the pair. */
export const sshKey = z.looseObject({
  id: z.string(),
  name: z.string(),
  public_key: z.string(),
  private_key: z.string().nullish(),
});

export const fileSystem = z.looseObject({
  id: z.string(),
  name: z.string(),
  mount_point: z.string(),
  region,
  is_in_use: z.boolean(),
  created: z.string().optional(),
  created_by: z.unknown().optional(),
  bytes_used: z.number().nullish(),
});

/** `port_range` is absent for icmp; a network without a mask is one address. */
export const firewallRule = z.looseObject({
  protocol: z.enum(["tcp", "udp", "icmp", "all"]),
  port_range: z.tuple([z.number(), z.number()]).nullish(),
  source_network: z.string(),
  description: z.string().nullish(),
});

export const ruleset = z.looseObject({
  id: z.string(),
  name: z.string(),
  region,
  rules: z.array(firewallRule),
  created: z.string().optional(),
  instance_ids: z.array(z.string()).nullish(),
});

/** Every failure; the texts change, so that the code alone decides. */
export const errorAnswer = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string().optional(), suggestion: z.string().nullish() }),
});

/** What `data` is in the answer to each call. */
export const ANSWERS = {
  "GET /instance-types": z.record(z.string(), offer),
  "GET /regions": z.array(region),
  "GET /images": z.array(image),
  "GET /instances": z.array(instance),
  "GET /instances/{id}": instance,
  "POST /instance-operations/launch": z.looseObject({ instance_ids: z.array(z.string()) }),
  "POST /instance-operations/restart": z.looseObject({ restarted_instances: z.array(instance) }),
  "POST /instance-operations/terminate": z.looseObject({ terminated_instances: z.array(instance) }),
  "GET /ssh-keys": z.array(sshKey),
  "POST /ssh-keys": sshKey,
  "DELETE /ssh-keys/{id}": z.unknown(),
  "GET /file-systems": z.array(fileSystem),
  "GET /firewall-rules": z.array(firewallRule),
  "GET /firewall-rulesets": z.array(ruleset),
  "POST /firewall-rulesets": ruleset,
  "GET /firewall-rulesets/{id}": ruleset,
  "GET /firewall-rulesets/global": ruleset.partial(),
  "DELETE /firewall-rulesets/{id}": z.unknown(),
} as const;

/** A call that this program makes. */
export type LambdaCall = keyof typeof ANSWERS;
export type AnswerOf<Call extends LambdaCall> = z.infer<(typeof ANSWERS)[Call]>;

const ids = z.strictObject({ instance_ids: z.array(z.string().min(1)).min(1) });

/** The rule as it is sent. */
const newRule = z.strictObject({
  protocol: z.enum(["tcp", "udp", "icmp", "all"]),
  port_range: z.tuple([z.int().min(1).max(65535), z.int().min(1).max(65535)]).optional(),
  source_network: z.string(),
  description: z.string().max(128),
});

/** The body of each call that has one. */
export const REQUESTS = {
  "POST /instance-operations/launch": z.strictObject({
    region_name: z.string().min(1),
    instance_type_name: z.string().min(1),
    ssh_key_names: z.array(z.string().min(1)).length(1),
    file_system_names: z.array(z.string().min(1)).optional(),
    file_system_mounts: z
      .array(
        z.strictObject({
          mount_point: z.string().regex(/^(?:\/home|\/lambda\/nfs|\/data)/),
          file_system_id: z.string(),
        }),
      )
      .optional(),
    hostname: z.string().regex(HOSTNAME).optional(),
    name: z.string().min(1).max(MAX_NAME_LENGTH).optional(),
    image: z.union([z.strictObject({ id: z.string() }), z.strictObject({ family: z.string() })]).optional(),
    user_data: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= MAX_USER_DATA_BYTES, "is longer than 1 MB")
      .optional(),
    tags: z.array(z.strictObject({ key: z.string().regex(TAG_KEY).max(55), value: z.string().max(128) })).optional(),
    firewall_rulesets: z.array(z.strictObject({ id: z.string() })).optional(),
  }),
  "POST /instance-operations/restart": ids,
  "POST /instance-operations/terminate": ids,
  "POST /ssh-keys": z.strictObject({ name: z.string().min(1).max(MAX_NAME_LENGTH), public_key: z.string().optional() }),
  "POST /firewall-rulesets": z.strictObject({
    name: z.string().min(1).max(MAX_NAME_LENGTH),
    region: z.string().min(1),
    rules: z.array(newRule),
  }),
} as const;

export type CallWithBody = keyof typeof REQUESTS;
export type BodyOf<Call extends CallWithBody> = z.infer<(typeof REQUESTS)[Call]>;
