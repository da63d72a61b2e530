// Approves kubelet-serving certificate requests as EKS does for its nodes, for as long as the sandbox lives.
//   serving-approver.ts FOLDER KUBERNETES-PROGRAMS
import { watch as watchFile } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { watch } from "./api.ts";
import { runKubectl } from "./kubectl.ts";
import { openSandbox } from "./sandbox.ts";
import { type AddressRule, readRequest, refusalOf, type SigningRequest, withinNetworks } from "./serving-request.ts";
import { cloudPath, readCloud } from "./vpc/cloud.ts";

const [folder = "", programs = ""] = process.argv.slice(2);
const { addresses } = await openSandbox(folder);
const requests =
  "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=spec.signerName%3Dkubernetes.io%2Fkubelet-serving";

/** Ends the watch, so that what is pending is judged anew. */
let judgeAnew = new AbortController();
let networks = await remoteNodeNetworks();
if (addresses.vpc) watchFile(dirname(cloudPath(folder)), followNetworks);

for (;;) {
  try {
    judgeAnew = new AbortController();
    const events = watch<SigningRequest>(folder, addresses, requests, judgeAnew.signal);
    for await (const { type, object } of events) if (type !== "DELETED") await decide(object);
  } catch (error) {
    if (judgeAnew.signal.aborted) continue;
    console.error(`watch of certificate requests ended: ${error instanceof Error ? error.message : error}`);
  }
  await delay(1000); // the API server is away, or has ended the watch in its turn
}

async function followNetworks(): Promise<void> {
  const found = await remoteNodeNetworks();
  if (found.join() === networks.join()) return;
  networks = found;
  judgeAnew.abort();
}

async function remoteNodeNetworks(): Promise<readonly string[]> {
  return (await readCloud(folder)).remoteNodeNetworks;
}

async function decide(request: SigningRequest): Promise<void> {
  if (request.status?.conditions?.length) return;
  const { name } = request.metadata;
  // A lease of the machine's network may be another address the next time.
  const lan = `${addresses.node}/${addresses.prefixLength}`;
  const rule: AddressRule = withinNetworks(addresses.vpc ? networks : [lan]);
  const refusal = refusalOf(request, await readRequest(request.spec.request), rule);
  if (refusal) {
    console.error(`${name} of ${request.spec.username} is left pending: ${refusal}`);
    return;
  }
  await runKubectl(folder, programs, ["certificate", "approve", name]);
  console.error(`${name} of ${request.spec.username} approved`);
}
