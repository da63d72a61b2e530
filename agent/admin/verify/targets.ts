// What the probe asks for: the API server's own Service, and one that leads to the pod; and what it has found.
import { ask } from "./ask.ts";
import type { Targets } from "./network-rows.ts";
import { waitForPod } from "./pod-rows.ts";
import type { PodState } from "./pod-state.ts";
import { PROBE, renderService, renderWebPod } from "./pods.ts";
import { type ProbeAnswer, type Probed, readProbeReport } from "./probe-report.ts";
import { PROBE_SECONDS } from "./scripts.ts";
import type { Subject } from "./subject.ts";

/** Makes the Service, then the pod that asks for it. */
export async function makeTargets(subject: Subject): Promise<Targets> {
  const { made, name, port, nodeName, image, isOnHostNetwork, token } = subject;
  const { namespace } = made;
  const of = { namespace: "default", name: "kubernetes" };
  const [api, service] = await Promise.all([
    ask(subject, {
      verb: "get",
      object: "service default/kubernetes",
      made: (kubernetes) => kubernetes.readService(of),
    }),
    ask(subject, {
      verb: "create",
      object: `service ${namespace}/${name}`,
      made: (kubernetes) =>
        made.create("service", name, () => kubernetes.createService(namespace, renderService(name, port))),
    }),
  ]);
  const targets = { apiAddress: api.clusterIp, serviceAddress: service.clusterIp, nodePort: service.nodePort };
  const pod = renderWebPod({ name, node: nodeName, image, isOnHostNetwork, token, port, ...targets });
  await ask(subject, {
    verb: "create",
    object: `pod ${namespace}/${name}`,
    made: (kubernetes) => made.create("pod", name, () => kubernetes.createPod(namespace, pod)),
  });
  return targets;
}

/** Waits for the end of the probe; what it has not said is not in the report. */
export async function readReport(subject: Subject): Promise<ReadonlyMap<Probed, ProbeAnswer>> {
  const isDone = ({ kind }: PodState) => kind === "ended";
  const seconds = PROBE_SECONDS + 8;
  const state = await waitForPod(subject, { name: subject.name, container: PROBE, isDone, seconds });
  return readProbeReport(state.kind === "ended" ? state.message : "");
}
