// Asks a machine everything about its GPUs, one question after another, and keeps the raw answers beside what the program makes of them.

import { runChecks } from "../../agent/check/check.ts";
import { createContext } from "../../agent/check/context.ts";
import { GPU_CHECK, readObservation } from "../../agent/check/gpu-check.ts";
import { GPU_RUNTIME_CHECK } from "../../agent/check/gpu-runtime-check.ts";
import { describe, SatelliteError } from "../../agent/errors.ts";
import { PCI_DEVICES } from "../../agent/facts/gpu.ts";
import { readNvidiaToolkit } from "../../agent/facts/nvidia-toolkit.ts";
import { judgeGpus } from "../../agent/gpu/gpu-faults.ts";
import type { Host } from "../../agent/host/host.ts";
import { GuardedCommand } from "../../agent/nvidia/guarded-command.ts";
import { draftFixture } from "./fixture.ts";
import type { Entry } from "./names.ts";
import { FILES, fieldQuery, GPU_FIELDS, KERNEL_LOG, PCI_FILES, QUERIES, type Query } from "./queries.ts";

/** The answer to one query. */
export interface Answer {
  readonly query: Query;
  readonly seconds: number;
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no answer. */
  readonly problem?: string;
  /** A process that cannot be killed is in the way. */
  readonly isStuck?: boolean;
}

const STUCK = "stuck";
const LIMIT_SECONDS = 20;
const FILES_LIMIT_MS = 10_000;
const MAX_PROBLEM_LENGTH = 160;
/** The rest of the five minutes is for the last command that hangs, and for writing. */
const BUDGET_MS = 240_000;

/** Asks everything; a question that fails is an answer, too. Never throws. */
export async function probe(host: Host): Promise<readonly Entry[]> {
  const startedMs = host.clock.monotonic();
  const ask = createAsker(host, startedMs + BUDGET_MS);
  const answers: Answer[] = [];
  for (const query of [...QUERIES, ...GPU_FIELDS.map(fieldQuery)]) answers.push(await ask(query));
  // The program's own queries would hang beside one that already does.
  const judged = answers.some(({ isStuck }) => isStuck === true) ? [] : await readJudgement(host);
  const files = await readFiles(host);
  const seconds = Math.round((host.clock.monotonic() - startedMs) / 1000);
  return [
    { path: "summary.md", text: renderSummary(answers, judged, seconds) },
    ...judged,
    ...files,
    ...answers.map((answer) => ({ path: `answers/${answer.query.name}.txt`, text: renderAnswer(answer) })),
    { path: "fixture.json", text: draftFixture(answers, files, judged) },
  ];
}

/** Runs one command at a time, none beside one that cannot be killed, and none after the end of the budget. */
function createAsker(host: Host, endMs: number): (query: Query) => Promise<Answer> {
  const guards = new Map<string, GuardedCommand>();
  const explainStuck = () => new SatelliteError(STUCK, "an earlier call hangs in the kernel and cannot be killed");
  return async (query) => {
    const { command, args } = query;
    const guard = guards.get(command) ?? new GuardedCommand({ host, name: command, explainStuck });
    guards.set(command, guard);
    const startedMs = host.clock.monotonic();
    const nothing = (problem: string) => ({ query, seconds: 0, stdout: "", stderr: "", problem });
    if (startedMs > endMs) return nothing("not asked: the time is over");
    try {
      const result = await guard.run(command, args, LIMIT_SECONDS);
      const stdout = query.name === KERNEL_LOG ? ofTheDrivers(result.stdout) : result.stdout;
      return { query, seconds: (host.clock.monotonic() - startedMs) / 1000, ...result, stdout };
    } catch (error) {
      const { code, message } = describe(error);
      return { ...nothing(message.slice(0, MAX_PROBLEM_LENGTH).split("\n", 1)[0] ?? ""), isStuck: code === STUCK };
    }
  };
}

/** The kernel's log is the whole machine's: only the lines of NVIDIA's drivers are kept. */
function ofTheDrivers(log: string): string {
  return log
    .split("\n")
    .filter((line) => /nvidia|nvrm|xid/i.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

/** What the program itself makes of the machine. */
async function readJudgement(host: Host): Promise<readonly Entry[]> {
  const context = createContext({ host, environment: {}, config: undefined, configFile: "", configProblem: undefined });
  const asJson = async (name: string, read: () => Promise<unknown>): Promise<Entry> => {
    const value = await read().catch((error: unknown) => ({ problem: describe(error) }));
    return { path: `judged/${name}.json`, text: `${JSON.stringify(value, undefined, 2)}\n` };
  };
  const checks = [GPU_CHECK, GPU_RUNTIME_CHECK].map((check) => ({ ...check, group: "runtime" }));
  return [
    await asJson("observation", async () => {
      const observation = await readObservation(host);
      return { observation, faults: judgeGpus(observation) };
    }),
    await asJson("toolkit", () => readNvidiaToolkit(host, [])),
    await asJson("checks", () => runChecks(checks, context)),
  ];
}

/** Reads the files that are kept; the driver's come last, because a read of them may never end. */
async function readFiles(host: Host): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  const over = new AbortController();
  const reading = readInto(found, host).finally(() => over.abort());
  const late = host.clock.sleep(FILES_LIMIT_MS, over.signal).catch(() => undefined); // Every file is read.
  await Promise.race([reading, late]);
  return [...found];
}

async function readInto(found: Entry[], { files }: Host): Promise<void> {
  const list = (folder: string) => files.list(folder).catch(() => []); // Not there: nothing to keep.
  const keep = async (path: string): Promise<void> => {
    const text = await files.read(path).catch((error: unknown) => describe(error).message);
    if (text !== undefined) found.push({ path: `files${path}`, text });
  };
  const devices = (await list("/dev")).filter((name) => name.startsWith("nvidia"));
  found.push({ path: "files/dev.txt", text: devices.map((name) => `/dev/${name}\n`).join("") });
  for (const name of await list(PCI_DEVICES)) {
    const folder = `${PCI_DEVICES}/${name}`;
    if ((await files.read(`${folder}/vendor`).catch(() => ""))?.trim() !== "0x10de") continue; // It has vanished.
    for (const file of PCI_FILES) await keep(`${folder}/${file}`);
  }
  for (const pattern of FILES) {
    const [folder = "", rest] = pattern.split("/*/");
    const paths = rest === undefined ? [pattern] : (await list(folder)).map((name) => `${folder}/${name}/${rest}`);
    for (const path of paths) await keep(path);
  }
}

function renderAnswer({ query, seconds, exitCode, stdout, stderr, problem }: Answer): string {
  const head = [
    `$ ${[query.command, ...query.args].join(" ")}`,
    problem === undefined ? `exit ${exitCode} after ${seconds.toFixed(2)} s` : `no answer: ${problem}`,
  ];
  return [...head, "--- stdout", stdout, "--- stderr", stderr, ""].join("\n");
}

function renderSummary(answers: readonly Answer[], judged: readonly Entry[], seconds: number): string {
  const rows = answers.map(({ query, exitCode, problem, seconds: took, stdout }) => {
    const lines = stdout === "" ? 0 : stdout.trimEnd().split("\n").length;
    return `| ${query.name} | ${problem ?? `exit ${exitCode}`} | ${took.toFixed(2)} | ${lines} |`;
  });
  const refused = answers
    .filter(({ query, exitCode }) => query.name.startsWith("field-") && exitCode !== 0)
    .map(({ query }) => query.name.replace("field-", ""));
  return [
    `# A probe of ${seconds} s`,
    "",
    `Fields that nvidia-smi refuses, or cannot be asked: ${refused.join(", ") || "none"}`,
    "",
    "| query | outcome | seconds | lines |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    ...judged.flatMap(({ path, text }) => [`## ${path}`, "", "```json", text.trimEnd(), "```", ""]),
  ].join("\n");
}
