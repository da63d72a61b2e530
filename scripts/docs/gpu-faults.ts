// docs/reference/gpu-faults.md: the catalogue of Xids, and what the daemon makes of each other symptom, as its own judgement says it.

import { SatelliteError } from "../../agent/errors.ts";
import { ADVICE } from "../../agent/gpu/gpu-fault.ts";
import { type GpuObservation, judgeGpus } from "../../agent/gpu/gpu-faults.ts";
import type { GpuReading } from "../../agent/gpu/nvidia-smi-output.ts";
import { explainExit } from "../../agent/gpu/nvidia-smi-problem.ts";
import { isFatalAction } from "../../agent/xid/gpu-action.ts";
import { explainQuietXid, XIDS, type XidEntry } from "../../agent/xid/xid-catalogue.ts";
import type { Xid } from "../../agent/xid/xid-record.ts";
import { code, prose, renderPage, section, sentence, table } from "./markdown.ts";

const BUS_ID = "0000:06:00.0";
const SOUND: GpuReading = { busId: BUS_ID, needsReset: false, isLost: false };

/** A machine with one GPU that the driver is bound to. */
function observe(changes: Partial<GpuObservation>): GpuObservation {
  return {
    facts: { busIds: [BUS_ID], nvSwitches: 0, driverVersion: "VERSION", driven: [{ busId: BUS_ID }], deviceNodes: 1 },
    answer: { gpus: [SOUND], unreachable: [] },
    xids: [],
    hasFabricManager: undefined,
    consecutiveAnswers: new Map(),
    ...changes,
  };
}

const seen = (reading: Partial<GpuReading>, lasting: readonly string[] = []): GpuObservation =>
  observe({
    answer: { gpus: [{ ...SOUND, ...reading }], unreachable: [] },
    consecutiveAnswers: new Map(lasting.map((symptom) => [symptom, 3])),
  });

const failing = (problem: SatelliteError): GpuObservation =>
  observe({ answer: { gpus: [], unreachable: [], problem }, consecutiveAnswers: new Map([[problem.code, 3]]) });

const exits = (exitCode: number) => explainExit({ exitCode, stdout: "…", stderr: "" });

/** What is seen, in words, with an observation that shows it. */
const SYMPTOMS: readonly (readonly [symptom: string, observation: GpuObservation])[] = [
  [
    "a GPU is on the PCI bus and does not answer",
    observe({ answer: { gpus: [{ ...SOUND, isLost: true }], unreachable: [] } }),
  ],
  ["the driver has not taken a GPU", observe({ ...noDriven() })],
  ["no spare memory rows are left", seen({ isRemapFailed: true })],
  ["memory rows wait to be replaced", seen({ isRemapPending: true })],
  ["nvidia-smi shows that a reset is required", seen({ needsReset: true })],
  ["the driver asks for a reset", seen({ recoveryAction: "Reset" })],
  ["the driver asks for a reboot", seen({ recoveryAction: "Reboot" })],
  ["uncorrected ECC errors", seen({ eccUncorrected: 1 })],
  ["clocks are kept low for heat, in three answers in a row", seen({ slowdown: "thermal" }, [`${BUS_ID} thermal`])],
  ["clocks are kept low for power, in three answers in a row", seen({ slowdown: "power" }, [`${BUS_ID} power`])],
  ["NVSwitches without a fabric manager, in three answers in a row", fabric(false)],
  ["the NVLink fabric is not joined, in three answers in a row", fabric(true)],
  ["nvidia-smi exits with 14", failing(exits(14))],
  ["nvidia-smi exits with 15", failing(exits(15))],
  [
    "nvidia-smi is late, in two answers in a row",
    failing(new SatelliteError("nvidia-smi-timeout", "nvidia-smi does not end in time")),
  ],
  [
    "nvidia-smi is late and cannot be killed",
    failing(new SatelliteError("nvidia-smi-stuck", "nvidia-smi hangs in the kernel")),
  ],
  ["dmesg does not run, or hangs", observe({ kernelLogProblem: "dmesg ended with 1: …" })],
  ["nvidia-smi fails otherwise, in two answers in a row", failing(exits(1))],
];

const FATAL_SXID: (typeof SYMPTOMS)[number] = [
  "an NVSwitch logs a fatal SXid",
  observe({
    xids: [standing({ busId: "0000:c1:00.0", xid: 20_034, text: "Fatal, Link 30 LTSSM Fault Up", isSwitch: true })],
  }),
];

function standing(xid: Pick<Xid, "busId" | "xid" | "text" | "isSwitch">): Xid {
  return { ...xid, count: 1, action: "reboot", isStanding: true };
}

/** Xids that are no fault, the numbers of one meaning in one row. */
const QUIET: readonly (readonly string[])[] = [
  ...listXids(({ action, origin }) => origin === "application" && !isFatalAction(action)),
  ...listXids(({ action, origin }, xid) => origin === "gpu" && !isFatalAction(action) && xid !== 154),
  [
    "other numbers below 177",
    "NVIDIA gives them no meaning on GPUs since Ampere.",
    sentence(explainQuietXid(1, "none")),
  ],
  ["others", "NVIDIA's catalogue did not have them yet.", sentence(explainQuietXid(999, "none"))],
];

/** A row for each Xid. */
function listXids(isWanted: (entry: XidEntry, xid: number) => boolean): readonly (readonly string[])[] {
  return Object.entries(XIDS)
    .filter(([xid, entry]) => isWanted(entry, Number(xid)))
    .map(([xid, { meaning, action }]) => [
      xid,
      sentence(meaning),
      isFatalAction(action) ? ACTIONS[action] : sentence(explainQuietXid(Number(xid), action)),
    ]);
}

function noDriven(): Partial<GpuObservation> {
  const { facts } = observe({});
  return { facts: { ...facts, driven: [] }, answer: { gpus: [], unreachable: [] } };
}

function fabric(hasFabricManager: boolean): GpuObservation {
  const { facts } = observe({});
  return observe({
    facts: { ...facts, nvSwitches: 4 },
    hasFabricManager,
    consecutiveAnswers: new Map([["fabric", 3]]),
  });
}

const ACTIONS = {
  none: "none on the GPU",
  "check-the-app": "check the app",
  "reset-the-gpu": "reset the GPU",
  reboot: "reboot",
  replace: "replace",
} as const;

/** Renders the page. @throws Error when a symptom is no fault */
export function renderGpuFaults(): string {
  return renderPage({
    title: "GPU faults",
    from: "agent/xid/xid-catalogue.ts and agent/gpu/gpu-faults.ts",
    intro:
      "What the daemon takes for a fault of a GPU, and the action that its hint begins with. A fault makes `GpuHealthy` or `GpusPresent` false; the reason is the code in CamelCase.",
    sections: [
      section(
        "Actions",
        table(
          ["action", "what to do"],
          Object.entries(ADVICE).map(([action, advice]) => [
            ACTIONS[action as keyof typeof ACTIONS],
            prose(advice.replace(/^Action: [^.]*\.\s*/, "")),
          ]),
        ),
      ),
      "A fault of the same GPU in three of the last ten boots becomes `replace`.",
      section(
        "Xids",
        "Numbers of NVIDIA's driver in the kernel's log; the code is `gpu-xid-NUMBER`. A fault stands until the next boot, until the driver is loaded anew, or until Xid 154 says that the GPU was reset.",
        table(
          ["Xid", "meaning", "action"],
          [
            ...listXids(({ action }) => isFatalAction(action)),
            ["154", "The driver names the recovery that the GPU needs.", "the one that it names"],
          ],
        ),
      ),
      "Of the numbers 144 to 150, an event that the line calls `Nonfatal` is no fault.",
      section(
        "Xids that are no fault",
        "They are counted, and logged once in ten minutes with these words. Xid 154 follows on drivers that know it when the GPU needs anything.",
        table(["Xid", "meaning", "logged as"], QUIET),
      ),
      section(
        "SXids",
        "Numbers of the NVSwitches' driver. The word in the line decides: `Fatal` makes a fault of all GPUs behind the switch, until the next boot. Without a word, 10003, 12020, 22003, 22011 and 23001 to 23017 are fatal.",
        table(["seen", "code", "message", "action"], [renderSymptom(FATAL_SXID)]),
      ),
      section("Other faults", table(["seen", "code", "message", "action"], SYMPTOMS.map(renderSymptom))),
    ],
  });
}

function renderSymptom([symptom, observation]: (typeof SYMPTOMS)[number]): readonly string[] {
  const [fault] = judgeGpus(observation);
  if (fault === undefined) throw new Error(`${symptom}: the daemon finds no fault in it`);
  const hint = fault.hint === undefined ? "" : ` ${prose(fault.hint)}`;
  return [
    sentence(symptom),
    code(fault.code),
    prose(fault.message),
    `${ACTIONS[fault.action]}${hint === "" ? "" : `.${hint}`}`,
  ];
}
