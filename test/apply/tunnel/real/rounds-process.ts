// Rounds of the real executors on the namespace that this process is in. Reads a word a line, prints a JSON document for each.
import { createInterface } from "node:readline";
import { converge } from "../../../../agent/apply/converge.ts";
import { Ledger } from "../../../../agent/apply/ledger.ts";
import { Glance } from "../../../../agent/apply/tunnel/glance.ts";
import { listTunnel, removeChains, removeTunnel } from "../../../../agent/apply/tunnel/removal.ts";
import { restartPeer } from "../../../../agent/apply/tunnel/restart-peer.ts";
import { describe } from "../../../../agent/errors.ts";
import { createLinuxHost } from "../../../../agent/host/linux-host.ts";
import { createLog } from "../../../../agent/log.ts";
import type { Resource } from "../../../../agent/plan/resource.ts";

const [resourcesText = "[]", folder = ""] = process.argv.slice(2);
const resources = JSON.parse(resourcesText) as readonly Resource[];
const host = createLinuxHost();
const log = createLog({ level: "error", format: "text" }, () => undefined);
const shared = { host, log, servicesFile: `${folder}/services.json` };
const glance = new Glance(host, { isTrue: () => true, isFailing: () => false });
const [tunnel] = resources;

async function round(ledger: Ledger | undefined, sparing: { readonly glance?: Glance } = {}) {
  const { changes, failures } = await converge(resources, { ...shared, ...sparing, ledger });
  return {
    actions: changes.map(({ resource, action }) => `${action} ${resource.kind}`),
    failures: failures.map(({ error }) => describe(error).message),
    texts: changes.map(({ before, after }) => `${before}\n${after}`),
  };
}

const WORDS: Readonly<Record<string, () => Promise<object>>> = {
  round: () => round(new Ledger(host, `${folder}/ledger`, log)),
  glance: () => round(new Ledger(host, `${folder}/ledger`, log), { glance }),
  dry: () => round(undefined),
  list: async () => (tunnel?.kind === "tunnel" ? { left: await listTunnel(host, [tunnel.interface]) } : {}),
  restart: async () => {
    const [peer] = tunnel?.kind === "tunnel" ? tunnel.peers : [];
    if (tunnel?.kind === "tunnel" && peer !== undefined) await restartPeer(host, tunnel.interface, peer);
    return {};
  },
  remove: async () => {
    if (tunnel?.kind === "tunnel") await removeTunnel(host, tunnel.interface);
    await removeChains(host);
    return {};
  },
};

if (import.meta.main)
  createInterface({ input: process.stdin }).on("line", async (word) => {
    const answer = await WORDS[word]?.().catch((error: unknown) => ({ failures: [describe(error).message] }));
    console.log(JSON.stringify(answer ?? {}));
  });
