// Records what a real Prometheus answers to the dashboard's first two rows, for the picture in the documentation: an hour of four nodes,
// made of texts that real daemons wrote. Run it when their queries change: node test/monitoring/record-dashboard.ts
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import {
  ANSWERS,
  type Answer,
  answerKey,
  type Panel,
  panelsOfPicture,
  STEP_SECONDS,
  type ValueRun,
} from "../../scripts/docs/dashboard-answers.ts";
import { prometheusPrograms } from "./promtool.ts";
import { isTimeOfDay, readRecording } from "./recordings.ts";
import { startPrometheus } from "./server.ts";

/** Minutes of each recording, one after the other. */
const HOUR: Readonly<Record<string, readonly (readonly [recording: string, minutes: number])[]>> = {
  "gpu-1": [["gpu-healthy", 60]],
  "gpu-2": [
    ["gpu-healthy", 32],
    ["gpu-fault", 13],
    ["gpu-lost", 15],
  ],
  "gpu-3": [
    ["healthy", 20],
    ["tunnel-silent", 15],
    ["healthy", 25],
  ],
  "gpu-4": [
    ["starting", 3],
    ["healthy", 57],
  ],
};

const SINCE = /_since_timestamp_seconds$/;

/** OpenMetrics wants all samples of a metric together. */
function renderSamples(beginSeconds: number): string {
  const byMetric = new Map<string, string[]>();
  const add = (name: string, line: string) => byMetric.set(name, [...(byMetric.get(name) ?? []), line]);
  for (const [node, phases] of Object.entries(HOUR)) {
    let phaseSeconds = beginSeconds;
    for (const [name, minutes] of phases) {
      const recording = readRecording(name);
      const samples = [{ name: "up", labels: {}, value: 1 }, ...recording.samples];
      for (let second = 0; second < minutes * 60; second += STEP_SECONDS)
        for (const sample of samples) {
          const labels = { job: "eks-satellite", node, instance: node, ...sample.labels };
          const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
          // What has turned has done so when its phase began; what runs out is renewed.
          const nowSeconds = SINCE.test(sample.name) ? phaseSeconds : phaseSeconds + second;
          const shift = isTimeOfDay(sample) ? nowSeconds - recording.atSeconds : 0;
          add(sample.name, `${sample.name}{${pairs.join(",")}} ${sample.value + shift} ${phaseSeconds + second}`);
        }
      phaseSeconds += minutes * 60;
    }
  }
  return `${[...byMetric.values()].flat().join("\n")}\n# EOF\n`;
}

async function ask(url: string, panel: Panel, expr: string, [begin, end]: readonly [number, number]): Promise<Answer> {
  const query = expr
    .replaceAll("$__rate_interval", "2m")
    .replaceAll("$__range", "1h")
    .replaceAll(/\$(node|cluster)\b/g, ".*");
  const isTable = panel.type === "table";
  const times = isTable ? { time: `${end}` } : { start: `${begin}`, end: `${end}`, step: `${STEP_SECONDS}` };
  const response = await fetch(`${url}/api/v1/${isTable ? "query" : "query_range"}`, {
    method: "POST",
    body: new URLSearchParams({ query, ...times }),
  });
  type Series = { readonly metric: Record<string, string>; values?: [number, string][]; value?: [number, string] };
  const { data, error } = (await response.json()) as { data?: { result: readonly Series[] }; error?: string };
  if (data === undefined) throw new Error(`${expr}\n${error}`);
  return data.result.map(({ metric, values, value }) => ({
    labels: metric,
    runs: runsOf((values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at - begin, Number(text)])),
  }));
}

function runsOf(values: readonly (readonly [second: number, value: number])[]): readonly ValueRun[] {
  const runs: { from: number; to: number; value: number }[] = [];
  for (const [second, value] of values) {
    const last = runs.at(-1);
    if (last !== undefined && last.value === value && last.to === second) last.to = second + STEP_SECONDS;
    else runs.push({ from: second, to: second + STEP_SECONDS, value });
  }
  return runs;
}

const folder = await mkdtemp(join(tmpdir(), "dashboard-"));
try {
  const end = Math.floor(Date.now() / 1000 / STEP_SECONDS) * STEP_SECONDS;
  const begin = end - 3600;
  await writeFile(join(folder, "samples.txt"), renderSamples(begin));
  const promtool = join(await prometheusPrograms(), "promtool");
  const data = join(folder, "data");
  await execa(promtool, ["tsdb", "create-blocks-from", "openmetrics", join(folder, "samples.txt"), data]);
  await using prometheus = await startPrometheus({
    files: { "prometheus.json": "{}" },
    flags: [`--storage.tsdb.path=${data}`],
  });
  const answers: Record<string, Answer> = {};
  for (const panel of panelsOfPicture())
    for (const { expr } of panel.targets ?? [])
      answers[answerKey(panel, expr)] = await ask(prometheus.url, panel, expr, [begin, end - STEP_SECONDS]);
  await writeFile(ANSWERS, `${JSON.stringify(answers, undefined, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
