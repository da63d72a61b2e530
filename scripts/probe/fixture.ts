// A draft of a machine for test/fixtures/gpu, from what a real one has answered. `expected` says what the program made of it, which a
// person compares with what is true of the machine.
import { parseRows } from "../../agent/nvidia/nvidia-smi-output.ts";
import { KERNEL_TOKENS } from "../../agent/xid/xid.ts";
import type { Entry } from "./names.ts";
import type { Answer } from "./probe.ts";
import { GPU_FIELDS, KERNEL_LOG } from "./queries.ts";

const PCI = /^files\/sys\/bus\/pci\/devices\/([^/]+)\/(vendor|class)$/;
const REMAPPED = ["gpu_bus_id", "remapped_rows.pending", "remapped_rows.failure"];
const MAX_LINES = 200;

/** Renders the draft. */
export function draftFixture(answers: readonly Answer[], files: readonly Entry[], judged: readonly Entry[]): string {
  const answer = (name: string) => answers.find(({ query }) => query.name === name);
  const draft = {
    note: "Recorded on a machine with a card; UUIDs, serial numbers and the host's name are replaced.",
    describes: "TODO: which machine, and what state it was in",
    pci: readPci(files),
    files: readKept(files),
    kernelLog: readKernelLog(answer(KERNEL_LOG)?.stdout ?? ""),
    nvidiaSmi: {
      rows: readRows(answers),
      cudaVersion: /^CUDA Version\s{0,80}:\s{0,8}(\d{1,4}\.\d{1,4})/m.exec(answer("compute")?.stdout ?? "")?.[1],
      unknownFields: GPU_FIELDS.filter((field) => isRefused(answer(`field-${field}`))),
      unknownQueries: isRefused(answer("remapped-rows")) ? ["--query-remapped-rows"] : [],
    },
    judged: judged.find(({ path }) => path === "judged/observation.json")?.text,
  };
  return `${JSON.stringify(draft, undefined, 2)}\n`;
}

function readPci(files: readonly Entry[]): Record<string, Record<string, string>> {
  const devices: Record<string, Record<string, string>> = {};
  for (const { path, text } of files) {
    const [, busId = "", name = ""] = PCI.exec(path) ?? [];
    if (busId !== "") devices[busId] = { ...devices[busId], [name]: text.trim() };
  }
  return devices;
}

/** The files that the program reads, and the device nodes, which are empty. */
function readKept(files: readonly Entry[]): Record<string, string> {
  const driver = files
    .filter(({ path }) => /^files\/proc\/driver\/nvidia\/(?:version$|gpus\/)/.test(path))
    .map(({ path, text }) => [path.replace(/^files/, ""), text]);
  const nodes = files.find(({ path }) => path === "files/dev.txt")?.text.split("\n") ?? [];
  return Object.fromEntries([
    ...driver,
    ...nodes.filter((node) => /^\/dev\/nvidia\d+$/.test(node)).map((node) => [node, ""]),
  ]);
}

function readKernelLog(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => KERNEL_TOKENS.some((token) => line.includes(token)))
    .slice(-MAX_LINES);
}

/** A row for each GPU, from the answers to single fields and to the query of rows. */
function readRows(answers: readonly Answer[]): readonly Record<string, string>[] {
  const columns = answers
    .filter((answer) => answer.query.name.startsWith("field-") && !isRefused(answer))
    .map(({ query, stdout }) => ({ field: query.name.replace("field-", ""), cells: stdout.trimEnd().split("\n") }));
  const count = columns.find(({ field }) => field === "pci.bus_id")?.cells.length ?? 0;
  const remapped = parseRows(answers.find(({ query }) => query.name === "remapped-rows")?.stdout ?? "", REMAPPED);
  return Array.from({ length: count }, (_, index) => {
    const row = Object.fromEntries(columns.map(({ field, cells }) => [field, cells[index]?.trim() ?? ""]));
    return { ...row, ...remapped.find((each) => each.gpu_bus_id === row["pci.bus_id"]) };
  });
}

function isRefused(answer: Answer | undefined): boolean {
  return answer === undefined || answer.problem !== undefined || answer.exitCode !== 0;
}
