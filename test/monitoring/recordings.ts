// Texts of /metrics that a daemon of the sandbox really gave (record.ts), read into samples.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the texts. */
export const RECORDINGS = join(import.meta.dirname, "../fixtures/metrics");
const HEAD = /^# recorded at (\d+)\n/;
const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export interface RecordedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Recording {
  /** Seconds since 1970. */
  readonly atSeconds: number;
  readonly text: string;
  readonly samples: readonly RecordedSample[];
}

/** Names of all of them, without `.txt`. */
export const RECORDED: readonly string[] = globSync("*.txt", { cwd: RECORDINGS })
  .map((name) => name.replace(".txt", ""))
  .toSorted();

/** Renders a text as it is kept. */
export function renderRecording(atSeconds: number, text: string): string {
  return `# recorded at ${atSeconds}\n${text}`;
}

/** Reads one. @throws Error when it is not as {@link renderRecording} writes it */
export function readRecording(name: string): Recording {
  const text = readFileSync(join(RECORDINGS, `${name}.txt`), "utf8");
  const at = HEAD.exec(text)?.[1];
  if (at === undefined) throw new Error(`${name}.txt does not begin with "# recorded at"`);
  return { atSeconds: Number(at), text, samples: text.split("\n").flatMap(readSample) };
}

function readSample(line: string): readonly RecordedSample[] {
  if (line === "" || line.startsWith("#")) return [];
  const [, name, labels = "", value] = LINE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const pairs = Array.from(labels.matchAll(LABEL), ([, key = "", text = ""]) => [key, text]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}

/** Whether a sample is a time of day, which moves with the day it was recorded on. */
export function isTimeOfDay({ name }: RecordedSample): boolean {
  return name.endsWith("_timestamp_seconds") || name === "process_start_time_seconds";
}

/** The text with every time of day moved, as if it had been recorded at another time. */
export function moveTimes({ atSeconds, text }: Recording, toSeconds: number): string {
  return text
    .split("\n")
    .map((line) => {
      const [sample] = readSample(line);
      if (sample === undefined || !isTimeOfDay(sample)) return line;
      return line.replace(/ \S+$/, ` ${sample.value - atSeconds + toSeconds}`);
    })
    .join("\n");
}
