// docs/reference/gpu-faults.md: the catalogue of Xids, and what the daemon makes of each other symptom, as its own judgement says it.

import { SatelliteError } from "../../agent/errors.ts";
import { ADVICE, WHOM_TO_ASK } from "../../agent/gpu/gpu-fault.ts";
import { type GpuObservation, judgeGpus } from "../../agent/gpu/gpu-faults.ts";
import type { GpuReading } from "../../agent/nvidia/nvidia-smi-output.ts";
import { explainExit } from "../../agent/nvidia/nvidia-smi-problem.ts";
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
    "a GPU is on the PCI bus and does not answer, or all that it measures is `Unknown Error` or `ERR!`",
    observe({ answer: { gpus: [{ ...SOUND, isLost: true }], unreachable: [] } }),
  ],
  ["the driver has not taken a GPU", observe({ ...noDriven() })],
  ["no spare memory rows are left", seen({ isRemapFailed: true })],
  ["memory rows wait to be replaced", seen({ isRemapPending: true })],
  ["memory pages wait to be retired (GPUs before Ampere)", seen({ isRetirementPending: true })],
  ["60 memory pages or more are retired (GPUs before Ampere)", seen({ retiredPages: 62 })],
  ["nvidia-smi shows that a reset is required", seen({ needsReset: true })],
  ["the driver asks for a reset", seen({ recoveryAction: "Reset" })],
  ["the driver asks for a reboot", seen({ recoveryAction: "Reboot" })],
  ["the driver asks for the recovery of an IMEX domain", seen({ recoveryAction: "Recover IMEX Domain" })],
  ["uncorrected ECC errors", seen({ eccUncorrected: 1 })],
  ["clocks are kept low for heat, in three answers in a row", seen({ slowdown: "thermal" }, [`${BUS_ID} thermal`])],
  ["clocks are kept low for power, in three answers in a row", seen({ slowdown: "power" }, [`${BUS_ID} power`])],
  [
    "clocks are kept low, and an older GPU does not say why, in three answers in a row",
    seen({ slowdown: "hardware" }, [`${BUS_ID} hardware`]),
  ],
  [
    "some cells say `Unknown Error` or `ERR!`, in three answers in a row",
    seen({ unreadable: ["temperature.gpu"] }, [`${BUS_ID} unreadable`]),
  ],
  ["NVSwitches without a fabric manager, in three answers in a row", fabric(false)],
  ["the NVLink fabric is not joined, in three answers in a row", fabric(true)],
  ["nvidia-smi exits with 8", failing(exits(8))],
  ["nvidia-smi exits with 10", failing(exits(10))],
  ["nvidia-smi exits with 14, or warns of it", failing(exits(14))],
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
      isFatalAction(action)
        ? ACTIONS[action]
        : sentence(explainQuietXid(Number(xid), action).replace(`${meaning}: `, "")),
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

/** Signs that NVML, gpud and the clouds' health checks have, and the daemon does not judge. */
const NOT_JUDGED: readonly (readonly string[])[] = [
  ["Persistence mode is off", "`check` warns. Queries are slow, and pods run."],
  [
    "Another MIG or ECC mode waits for a reset",
    "`check` warns, and `/status` shows it. An administrator has chosen it.",
  ],
  [
    "Fewer lanes of PCIe than GPU and slot can use",
    "`check` warns, and `/status` shows both. In a virtual machine the slot's own width is not known, so it is no fault.",
  ],
  [
    "A lower generation of PCIe than possible",
    "Not read: every idle GPU lowers it, and a virtual machine does not know what its host can.",
  ],
  [
    "An NVLink that is down",
    "Not queried: links that nothing is attached to are down on sound GPUs. One that fails logs an Xid 74, or 144 to 150 and 155; on NVSwitches the fabric's state shows it.",
  ],
  [
    "ECC errors of the GPU's whole life, and corrected ones",
    "Not read: they stay after the repair. Rows and pages that wait, or that can no longer be replaced, are judged, and Xid 92 is counted.",
  ],
  [
    "The threshold of SRAM errors is exceeded",
    "Not read: no field of a query has it on every version. Xid 48 and the driver's recovery action report the errors behind it.",
  ],
  [
    "Power limits, utilization, fans, memory's temperature",
    "Metrics, as far as they are read; none of them is a fault by itself.",
  ],
  ["RmInitAdapter failed, in the kernel's log", "Not read: nvidia-smi does not list such a GPU, which is `gpu-lost`."],
];

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
          ["action", "what to do", "whom to ask"],
          Object.entries(ADVICE).map(([action, advice]) => [
            ACTIONS[action as keyof typeof ACTIONS],
            prose(advice.replace(/^Action: [^.]*\.\s*/, "")),
            prose(WHOM_TO_ASK[action as keyof typeof ACTIONS]),
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
      "Of the numbers 144 to 150, an event that the line calls `Nonfatal` is no fault. A contained error (94) whose line says `RST: Yes` is one.",
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
      section(
        "Signs that are no fault",
        "What NVML and others' health checks show besides, and why it does not turn a condition.",
        table(["sign", "what becomes of it"], NOT_JUDGED),
      ),
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
