// Every machine of test/fixtures/gpu, watched until transient symptoms are over: what the agent reports of it.
import { type GpuFault, isFatal } from "../../agent/gpu/gpu-fault.ts";
import { renderGpuLabels } from "../../agent/gpu/gpu-labels.ts";
import { GPU_MACHINES } from "../fakes/gpu-machine.ts";
import { setUpGpuWatch } from "../fakes/gpu-watch.ts";

/** A fabric or clocks are reported after three answers of nvidia-smi. */
const ROUNDS = 3;

/** What the agent reports of one machine. */
export interface GpuObservation {
  readonly name: string;
  readonly describes: string;
  readonly devices: number;
  readonly answering: number;
  readonly nvSwitches: number;
  readonly products: readonly string[];
  readonly driverVersion: string | undefined;
  readonly isMig: boolean;
  /** `True Loaded`, by condition. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The hint of the first condition that is not true. */
  readonly hint: string | undefined;
  /** Whether `gpu.onFatal: cordon` keeps new pods away. */
  readonly isCordoned: boolean;
}

/** Observes all of them, in the order of their names. */
export function observeGpuMachines(): Promise<readonly GpuObservation[]> {
  return Promise.all(GPU_MACHINES.map(observeGpuMachine));
}

async function observeGpuMachine(name: string): Promise<GpuObservation> {
  const ends: (() => void)[] = [];
  let faults: readonly GpuFault[] = [];
  const onJudged = (judged: readonly GpuFault[]) => {
    faults = judged;
  };
  const watched = setUpGpuWatch({ after: (end: () => void) => void ends.push(end) }, name, { onJudged });
  const { machine, board, watch, rounds, shown } = watched;
  await rounds(ROUNDS);
  const view = watch.view();
  for (const end of ends) end();
  if (view === undefined) throw new Error(`no round has observed ${name}`);
  const failing = board.list().find(({ type, status }) => type.startsWith("Gpu") && status === "False");
  return {
    name,
    describes: machine.describes,
    devices: view.facts.busIds.length,
    answering: view.gpus.filter(({ reading }) => reading !== undefined).length,
    nvSwitches: view.facts.nvSwitches,
    products: [...new Set(view.gpus.flatMap(({ product }) => product ?? []))],
    driverVersion: view.facts.driverVersion,
    isMig: view.gpus.some(({ reading }) => reading?.isMig === true),
    conditions: shown(),
    labels: renderGpuLabels(view),
    hint: failing?.hint,
    isCordoned: faults.some(isFatal),
  };
}
