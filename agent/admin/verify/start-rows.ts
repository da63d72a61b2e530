// Which row needs what: the pod's rows share one pod, and a row that needs another one that failed is not tried.
import { tryGpu } from "./gpu-row.ts";
import { tryExec, tryKubelet, tryLogs, tryPortForward } from "./kubelet-rows.ts";
import { judgeProbed } from "./network-rows.ts";
import { judgeNode } from "./node-row.ts";
import { tryPod } from "./pod-rows.ts";
import { WEB } from "./pods.ts";
import { PROBED, type Probed } from "./probe-report.ts";
import { type Result, type RowName, skip, thrown } from "./row.ts";
import type { Subject } from "./subject.ts";
import { makeTargets, readReport } from "./targets.ts";

export type Results = Readonly<Record<RowName, () => Promise<Result>>>;

/** Starts the wanted rows and what they need, each once. */
export function startRows(subject: Subject, wanted: readonly RowName[]): Results {
  const started = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const running = started.get(key) ?? run();
    started.set(key, running);
    running.catch(() => undefined); // The row that awaits it says so; until then it is no rejection without a handler.
    return running as Promise<T>;
  };
  const isReady = subject.node.ready.status === "True";
  const kubelet = () => once("kubelet", () => tryKubelet(subject));
  const targets = () => once("targets", () => makeTargets(subject));
  const startPod = () => targets().then(() => tryPod(subject, WEB));
  const pod = () => once("pod", () => (isReady ? startPod() : skipUnready()));
  const report = () => once("report", () => pod().then(() => readReport(subject)));
  const throughKubelet = (name: RowName, run: (subject: Subject) => Promise<Result>) => () =>
    once(name, async () => (await firstFailure({ kubelet: kubelet(), pod: pod() })) ?? run(subject));
  const probed = (name: Probed) => () =>
    once(name, async () => {
      const failure = await firstFailure({ pod: pod() });
      return failure ?? judgeProbed(subject, name, { answer: (await report()).get(name), targets: await targets() });
    });
  const results: Results = {
    node: async () => judgeNode(subject),
    kubelet,
    pod,
    logs: throughKubelet("logs", tryLogs),
    exec: throughKubelet("exec", tryExec),
    "port-forward": throughKubelet("port-forward", tryPortForward),
    ...(Object.fromEntries(PROBED.map((name) => [name, probed(name)])) as Record<Probed, () => Promise<Result>>),
    gpu: () => once("gpu", () => (isReady ? tryGpu(subject) : skipUnready())),
  };
  for (const name of wanted) results[name]().catch(() => undefined); // It is said when its turn comes.
  return results;
}

/** A row that another one is needed for says so and is not tried. */
async function firstFailure(needed: Partial<Record<RowName, Promise<Result>>>): Promise<Result | undefined> {
  for (const [name, running] of Object.entries(needed)) {
    const { outcome } = await running.catch(thrown);
    if (outcome === "fail" || outcome === "skip") return skip(`not tried: see ${name}`);
  }
  return undefined;
}

async function skipUnready(): Promise<Result> {
  return skip("not tried: the Node is not Ready");
}
