// Answers of Lambda Cloud as they come over the wire, for the client's tests.
import type { LambdaAccess } from "../../agent/admin/lambda/access.ts";
import type { HttpRequest, HttpResponse } from "../../agent/host/host.ts";
import { Secret } from "../../agent/secret.ts";

export const ACCESS: LambdaAccess = {
  baseUrl: "https://cloud.lambda.ai/api/v1",
  key: new Secret("lambda-key-of-the-test"),
  keySource: "LAMBDA_API_KEY",
};

export const WIRE_TYPE = {
  name: "gpu_1x_a10",
  description: "1x A10 (24 GB PCIe)",
  gpu_description: "A10 (24 GB PCIe)",
  price_cents_per_hour: 75,
  specs: { vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1 },
};
export const WIRE_REGION = { name: "us-west-1", description: "California, USA" };
export const WIRE_INSTANCE = {
  id: "0920582c7ff041399e34823a0be62549",
  name: "gpu-1",
  hostname: "gpu-1",
  ip: "198.51.100.2",
  private_ip: "10.0.2.100",
  status: "active",
  ssh_key_names: ["work"],
  file_system_names: [],
  region: WIRE_REGION,
  instance_type: WIRE_TYPE,
  actions: {
    restart: { available: true },
    terminate: { available: false, reason_code: "vm-is-terminating", reason_description: "It ends." },
    migrate: {},
  },
  tags: [{ key: "eks-satellite:node", value: "gpu-1" }],
  firewall_rulesets: [{ id: "ruleset-1" }],
  jupyter_token: "jupyter-secret",
  jupyter_url: "https://jupyter-1.lambda.ai?token=jupyter-secret",
};
export const WIRE_TYPES = {
  gpu_8x_h100_sxm5: {
    instance_type: { ...WIRE_TYPE, name: "gpu_8x_h100_sxm5", price_cents_per_hour: 2392 },
    regions_with_capacity_available: [],
  },
  gpu_1x_a10: { instance_type: WIRE_TYPE, regions_with_capacity_available: [{ name: "us-west-2" }, WIRE_REGION] },
};
const WIRE_IMAGE = {
  ...{ id: "image-1", name: "Lambda Stack 22.04", family: "lambda-stack-22-04", version: "1.0", region: WIRE_REGION },
  ...{ architecture: "x86_64", description: "", created_time: "2026-01-01T00:00:00Z", updated_time: "" },
};
const WIRE_KEY = { id: "key-1", name: "work", public_key: "ssh-ed25519 AAAA work" };
const WIRE_RULES = [
  { protocol: "tcp", port_range: [22, 22], source_network: "0.0.0.0/0", description: "SSH" },
  { protocol: "icmp", source_network: "203.0.113.7" },
];
export const WIRE_RULESET = {
  id: "ruleset-1",
  name: "eks-satellite-gpu-1",
  region: WIRE_REGION,
  rules: WIRE_RULES,
  created: "2026-01-01T00:00:00Z",
  instance_ids: ["0920582c7ff041399e34823a0be62549"],
};
const WIRE_FILE_SYSTEM = {
  ...{ id: "fs-1", name: "data", mount_point: "/lambda/nfs/data", region: WIRE_REGION, is_in_use: true },
  ...{ created: "2026-01-01T00:00:00Z", created_by: { id: "u", email: "user@example.com" }, bytes_used: 1 },
};

/** By call, as the client sends it. */
export const WIRE_ANSWERS: Readonly<Record<string, unknown>> = {
  "GET /instance-types": WIRE_TYPES,
  "GET /regions": [WIRE_REGION],
  "GET /instances": [WIRE_INSTANCE],
  "GET /images": [WIRE_IMAGE],
  "GET /ssh-keys": [WIRE_KEY],
  "POST /ssh-keys": WIRE_KEY,
  "DELETE /ssh-keys/key%2F1": {},
  "GET /file-systems": [WIRE_FILE_SYSTEM],
  "GET /firewall-rules": WIRE_RULES,
  "GET /firewall-rulesets": [WIRE_RULESET],
  "POST /firewall-rulesets": WIRE_RULESET,
  "DELETE /firewall-rulesets/ruleset-1": {},
  "POST /instance-operations/launch": { instance_ids: [WIRE_INSTANCE.id] },
  "POST /instance-operations/restart": { restarted_instances: [WIRE_INSTANCE] },
  "POST /instance-operations/terminate": { terminated_instances: [WIRE_INSTANCE] },
};

/** A call as it is named here. */
export function callOf({ method, url }: HttpRequest): string {
  return `${method} ${url.replace(ACCESS.baseUrl, "")}`;
}

export function success(data: unknown): HttpResponse {
  return { status: 200, body: JSON.stringify({ data }) };
}

export function refusal(status: number, code: string): HttpResponse {
  return { status, body: JSON.stringify({ error: { code, message: "no" } }) };
}
