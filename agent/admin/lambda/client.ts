// Lambda Cloud over its HTTP API.
import type { LaptopHost } from "../../host/laptop/types.ts";
import type { LambdaAccess } from "./access.ts";
import { toFileSystem, toImage, toMachine, toOffers, toRule, toRuleset, toSshKey } from "./answers.ts";
import type { FirewallRule, LambdaApi, LaunchRequest } from "./api.ts";
import { type CallLambda, createCallLambda } from "./call.ts";
import { answerInvalid } from "./errors.ts";
import type { BodyOf } from "./shapes.ts";

/** Creates the client. A process has one. */
export function createLambda(host: Pick<LaptopHost, "fetch" | "clock">, access: LambdaAccess): LambdaApi {
  const call = createCallLambda(host, access);
  return { ...createMachineCalls(call), ...createResourceCalls(call) };
}

type MachineCalls = "listTypes" | "list" | "launch" | "restart" | "terminate";

function createMachineCalls(call: CallLambda): Pick<LambdaApi, MachineCalls> {
  return {
    async listTypes(signal) {
      return toOffers(await call("GET /instance-types", { signal }));
    },
    async list(signal) {
      return (await call("GET /instances", { signal })).map(toMachine);
    },
    async launch(request, signal) {
      const launch = "POST /instance-operations/launch";
      const { instance_ids } = await call(launch, { body: toLaunchBody(request), signal });
      const [id] = instance_ids;
      if (id === undefined) throw answerInvalid(launch, "it names no machine");
      return id;
    },
    async restart(id, signal) {
      await call("POST /instance-operations/restart", { body: { instance_ids: [id] }, signal });
    },
    async terminate(id, signal) {
      await call("POST /instance-operations/terminate", { body: { instance_ids: [id] }, signal });
    },
  };
}

function createResourceCalls(call: CallLambda): Omit<LambdaApi, MachineCalls> {
  return {
    async listImages(signal) {
      return (await call("GET /images", { signal })).map(toImage);
    },
    async listSshKeys(signal) {
      return (await call("GET /ssh-keys", { signal })).map(toSshKey);
    },
    async addSshKey(name, publicKey, signal) {
      return toSshKey(await call("POST /ssh-keys", { body: { name, public_key: publicKey }, signal }));
    },
    async deleteSshKey(id, signal) {
      await call("DELETE /ssh-keys/{id}", { id, signal });
    },
    async listFileSystems(signal) {
      return (await call("GET /file-systems", { signal })).map(toFileSystem);
    },
    async listGlobalRules(signal) {
      return (await call("GET /firewall-rules", { signal })).map(toRule);
    },
    async listRulesets(signal) {
      return (await call("GET /firewall-rulesets", { signal })).map(toRuleset);
    },
    async createRuleset({ name, region, rules }, signal) {
      const body = { name, region, rules: rules.map(toRuleBody) };
      return toRuleset(await call("POST /firewall-rulesets", { body, signal }));
    },
    async deleteRuleset(id, signal) {
      await call("DELETE /firewall-rulesets/{id}", { id, signal });
    },
  };
}

function toLaunchBody(request: LaunchRequest): BodyOf<"POST /instance-operations/launch"> {
  const { name, type, region, sshKey, image, fileSystems = [], userData, tags, rulesetIds = [] } = request;
  return {
    region_name: region,
    instance_type_name: type,
    ssh_key_names: [sshKey],
    name,
    hostname: name,
    ...(image === undefined ? {} : { image }),
    ...(fileSystems.length === 0 ? {} : { file_system_names: [...fileSystems] }),
    ...(userData === undefined ? {} : { user_data: userData }),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    ...(rulesetIds.length === 0 ? {} : { firewall_rulesets: rulesetIds.map((id) => ({ id })) }),
  };
}

function toRuleBody({ protocol, ports, source, description }: FirewallRule) {
  return {
    protocol,
    source_network: source,
    description,
    ...(ports === undefined ? {} : { port_range: [ports[0], ports[1]] as [number, number] }),
  };
}
