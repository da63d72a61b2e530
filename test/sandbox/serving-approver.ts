// Approves kubelet-serving certificate requests as EKS does for its nodes, for as long as the sandbox lives.
//   serving-approver.ts FOLDER KUBERNETES-PROGRAMS
import { setTimeout as delay } from "node:timers/promises";
import { watch } from "./api.ts";
import { runKubectl } from "./kubectl.ts";
import { openSandbox } from "./sandbox.ts";
import { readRequest, refusalOf, type SigningRequest } from "./serving-request.ts";

const [folder = "", programs = ""] = process.argv.slice(2);
const { addresses } = await openSandbox(folder);
const requests =
  "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=spec.signerName%3Dkubernetes.io%2Fkubelet-serving";

for (;;) {
  try {
    const events = watch<SigningRequest>(folder, addresses, requests, new AbortController().signal);
    for await (const { type, object } of events) if (type !== "DELETED") await decide(object);
  } catch (error) {
    console.error(`watch of certificate requests ended: ${error instanceof Error ? error.message : error}`);
  }
  await delay(1000); // the API server is away, or has ended the watch in its turn
}

async function decide(request: SigningRequest): Promise<void> {
  if (request.status?.conditions?.length) return;
  const { name } = request.metadata;
  const refusal = refusalOf(request, await readRequest(request.spec.request), addresses.node);
  if (refusal) {
    console.error(`${name} of ${request.spec.username} is left pending: ${refusal}`);
    return;
  }
  await runKubectl(folder, programs, ["certificate", "approve", name]);
  console.error(`${name} of ${request.spec.username} approved`);
}
