// The calls about the firewall of the sandbox's Lambda: the account's rules, and rulesets of a region.
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { REQUESTS } from "../../../agent/admin/lambda/shapes.ts";
import type { FirewallRule, LambdaAccount, Ruleset } from "./account.ts";
import { showRuleset } from "./answers.ts";
import { parseBody } from "./body.ts";
import type { Call, Handler } from "./calls.ts";
import { regions } from "./catalogue.ts";
import { doesNotExist, invalid, notFound, Refusal } from "./refusal.ts";

const NEW_RULESET = REQUESTS["POST /firewall-rulesets"];
const RULES = NEW_RULESET.shape.rules;

export const firewallCalls: Readonly<Record<string, Handler>> = {
  "GET /firewall-rules": ({ account }) => ({ data: account.rules }),
  // All rules of the account give way to these.
  "PUT /firewall-rules": ({ account, body }) => {
    const rules = readRules(parseBody(z.strictObject({ data: RULES }), body).data);
    return { account: { ...account, rules }, data: rules };
  },
  "GET /firewall-rulesets": ({ account }) => ({ data: account.rulesets.map((one) => showRuleset(account, one)) }),
  "POST /firewall-rulesets": addRuleset,
  "GET /firewall-rulesets/global": ({ account }) => ({ data: showGlobal(account) }),
  "PATCH /firewall-rulesets/global": ({ account, body }) => {
    const rules = readRules(parseBody(z.strictObject({ rules: RULES }), body).rules);
    return { account: { ...account, rules }, data: showGlobal({ ...account, rules }) };
  },
  "GET /firewall-rulesets/{id}": ({ account, id }) => ({ data: showRuleset(account, findRuleset(account, id)) }),
  "PATCH /firewall-rulesets/{id}": changeRuleset,
  "DELETE /firewall-rulesets/{id}": deleteRuleset,
};

function addRuleset({ account, body, nowMs }: Call) {
  const { name, region, rules } = parseBody(NEW_RULESET, body);
  if (!regions.some((known) => known.name === region)) throw doesNotExist("region", region);
  if (account.rulesets.some((one) => one.name === name && one.region === region))
    throw new Refusal(400, "global/duplicate", `there is a firewall ruleset ${name} in ${region} already`);
  const id = randomUUID().replaceAll("-", "");
  const made: Ruleset = { id, name, region, created: new Date(nowMs).toISOString(), rules: readRules(rules) };
  const after = { ...account, rulesets: [...account.rulesets, made] };
  return { account: after, data: showRuleset(after, made) };
}

function changeRuleset({ account, id, body }: Call) {
  const shape = z.strictObject({ name: NEW_RULESET.shape.name.optional(), rules: RULES.optional() });
  const { name, rules } = parseBody(shape, body);
  const found = findRuleset(account, id);
  const changed = { ...found, name: name ?? found.name, rules: rules === undefined ? found.rules : readRules(rules) };
  const after = { ...account, rulesets: account.rulesets.map((one) => (one === found ? changed : one)) };
  return { account: after, data: showRuleset(after, changed) };
}

function deleteRuleset({ account, id }: Call) {
  const found = findRuleset(account, id);
  const users = showRuleset(account, found).instance_ids;
  if (users.length > 0)
    throw new Refusal(
      409,
      "firewall-rulesets/firewall-ruleset-in-use",
      `firewall ruleset ${found.name} is that of ${users.join(", ")}`,
    );
  return { account: { ...account, rulesets: account.rulesets.filter((one) => one !== found) }, data: {} };
}

function findRuleset({ rulesets }: LambdaAccount, id: string): Ruleset {
  const found = rulesets.find((one) => one.id === id);
  if (found === undefined) throw notFound("firewall ruleset", id);
  return found;
}

function showGlobal({ rules }: LambdaAccount) {
  return { id: "global", name: "Global Firewall Ruleset", rules };
}

/** @throws Refusal of what the shape alone does not say */
function readRules(rules: z.infer<typeof RULES>): readonly FirewallRule[] {
  return rules.map(({ protocol, port_range, source_network, description }) => {
    if (protocol === "icmp" && port_range !== undefined) throw invalid("port_range: icmp has no ports");
    if (protocol !== "icmp" && port_range === undefined) throw invalid(`port_range: ${protocol} needs one`);
    if (port_range !== undefined && port_range[0] > port_range[1]) throw invalid("port_range: it begins after its end");
    if (!isNetwork(source_network)) throw invalid(`source_network: ${source_network} is no IPv4 network`);
    const source = source_network.includes("/") ? source_network : `${source_network}/32`;
    return { protocol, ...(port_range === undefined ? {} : { port_range }), source_network: source, description };
  });
}

const NETWORK = z.union([z.ipv4(), z.cidrv4()]);

function isNetwork(text: string): boolean {
  return NETWORK.safeParse(text).success;
}
