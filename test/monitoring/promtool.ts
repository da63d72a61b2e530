// promtool of Debian's prometheus, and what a test of rules needs of it: series made from recorded texts.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ensurePrometheus } from "../sandbox/debian.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { isTimeOfDay, type RecordedSample, readRecording } from "./recordings.ts";
import { readRuleGroups } from "./rule-file.ts";

/** For `skip`: only root gets a Debian package. */
export const unlessPrometheus: false | string =
  existsSync(join(cacheFolder(), "prometheus/promtool")) || process.getuid?.() === 0
    ? false
    : "Debian's prometheus is not there, and only root can unpack it";

/** Folder of prometheus and promtool. */
export const prometheusPrograms = () => ensurePrometheus(new Progress());

/** A part of a timeline: what the daemon said, a recording's name; or that it did not answer, or that nothing was even asked. */
export interface Phase {
  readonly says: string | "no answer" | "not asked";
  readonly minutes: number;
}

/** What is asked at the end of some minute. */
export interface Question {
  readonly atMinute: number;
  readonly alert: string;
  /** Labels and annotations of what fires, or undefined for nothing. */
  readonly fires: { readonly labels: Readonly<Record<string, string>>; readonly annotations: object } | undefined;
}

/** One run of promtool over a timeline. */
export interface RuleTest {
  readonly name: string;
  readonly phases: readonly Phase[];
  /** Names of all alerts that fire at the end of a minute, sorted. */
  readonly firing: readonly { readonly atMinute: number; readonly alerts: readonly string[] }[];
  readonly questions?: readonly Question[];
}

const NODE = { job: "eks-satellite", node: "gpu-1", instance: "gpu-1" };
/** Renewed again and again, whatever else is wrong; what was recorded once would run out. */
const RENEWED = /_(aws_keys|token)_expiry_timestamp_seconds$/;
const NOT_RENEWED = "role-refused";

/** Runs promtool's unit tests on the rules. @returns its output, empty when all hold */
export async function testRules(tests: readonly RuleTest[], everyMinutes = 0.5): Promise<string> {
  const interval = `${everyMinutes * 60}s`;
  const file = {
    rule_files: ["rules.json"],
    evaluation_interval: interval,
    tests: tests.map((test) => renderTest(test, everyMinutes)),
  };
  return await inFolder(async (folder, promtool) => {
    await writeFile(join(folder, "rules.json"), JSON.stringify(readRuleGroups()));
    await writeFile(join(folder, "test.json"), JSON.stringify(file));
    const { exitCode, all } = await execa(promtool, ["test", "rules", "test.json"], {
      ...{ cwd: folder, reject: false, all: true },
    });
    return exitCode === 0 ? "" : (all ?? `exit code ${exitCode}`);
  });
}

/** What promtool says of the rules' form. */
export async function checkRules(): Promise<string> {
  return await inFolder(async (folder, promtool) => {
    await writeFile(join(folder, "rules.json"), JSON.stringify(readRuleGroups()));
    const { all } = await execa(promtool, ["check", "rules", "--lint=all", "--lint-fatal", "rules.json"], {
      ...{ cwd: folder, reject: false, all: true },
    });
    return all;
  });
}

async function inFolder<T>(work: (folder: string, promtool: string) => Promise<T>): Promise<T> {
  const programs = await prometheusPrograms();
  const folder = await mkdtemp(join(tmpdir(), "promtool-"));
  try {
    return await work(folder, join(programs, "promtool"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function renderTest({ name, phases, firing, questions = [] }: RuleTest, everyMinutes: number) {
  return {
    name,
    interval: `${everyMinutes * 60}s`,
    input_series: renderSeries(phases, everyMinutes),
    promql_expr_test: firing.map(({ atMinute, alerts }) => ({
      expr: 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
      eval_time: `${atMinute}m`,
      exp_samples: alerts.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
    })),
    alert_rule_test: questions.map(({ atMinute, alert, fires }) => ({
      eval_time: `${atMinute}m`,
      alertname: alert,
      exp_alerts: fires === undefined ? [] : [{ exp_labels: fires.labels, exp_annotations: fires.annotations }],
    })),
  };
}

/** One series for each that any phase has; where a phase lacks it, it has gone stale. */
function renderSeries(phases: readonly Phase[], everyMinutes: number) {
  const names = new Set(JSON.stringify(readRuleGroups()).match(/\w+/g));
  const series = new Map<string, string[]>();
  let beginMinute = 0;
  let before = 0;
  for (const { says, minutes } of phases) {
    const count = Math.round(minutes / everyMinutes);
    const step = says === NOT_RENEWED ? 0 : everyMinutes * 60;
    for (const sample of samplesOf(says, beginMinute * 60).filter(({ name }) => names.has(name))) {
      const key = seriesName(sample);
      const values = series.get(key) ?? (before === 0 ? [] : [`_x${before}`]);
      series.set(key, [...values, `${sample.value}+${RENEWED.test(sample.name) ? step : 0}x${count - 1}`]);
    }
    before += count;
    beginMinute += minutes;
    for (const [key, values] of series)
      if (countValues(values) < before) series.set(key, [...values, "stale", ...(count > 1 ? [`_x${count - 1}`] : [])]);
  }
  return [...series].map(([name, values]) => ({ series: name, values: values.join(" ") }));
}

/** What is scraped of a daemon, recorded as if at this time. */
function samplesOf(says: Phase["says"], atSeconds: number): readonly RecordedSample[] {
  const up = { name: "up", labels: {} };
  if (says === "not asked") return [];
  if (says === "no answer") return [{ ...up, value: 0 }];
  const recording = readRecording(says);
  const shift = atSeconds - recording.atSeconds;
  const moved = recording.samples.map((sample) => ({
    ...sample,
    value: Number((sample.value + (isTimeOfDay(sample) ? shift : 0)).toFixed(3)),
  }));
  return [{ ...up, value: 1 }, ...moved];
}

/** How many samples a notation stands for. */
function countValues(values: readonly string[]): number {
  return values
    .map((text) => {
      const times = Number(/x(\d+)$/.exec(text)?.[1] ?? 0);
      return text.startsWith("_") ? Math.max(times, 1) : times + 1;
    })
    .reduce((sum, count) => sum + count, 0);
}

function seriesName({ name, labels }: RecordedSample): string {
  const pairs = Object.entries({ ...NODE, ...labels }).map(([key, value]) => `${key}="${value}"`);
  return `${name}{${pairs.join(",")}}`;
}
