// Command line options that several commands share.
import { InvalidArgumentError, Option } from "commander";
import { DEFAULT_CONFIG_PATH } from "../config/load.ts";
import { explainRegion, findPartition } from "../config/partitions.ts";
import { secondsOf } from "../duration.ts";

export type OutputFormat = "text" | "json";

/** Creates `--config`. */
export function configOption(): Option {
  return new Option("--config <file>", "configuration file").default(DEFAULT_CONFIG_PATH);
}

/** Creates `--output`. */
export function outputOption(): Option {
  return new Option("--output <format>", "text or json").choices(["text", "json"]).default("text");
}

/** Creates `--profile` of an administrator's commands. */
export function profileOption(): Option {
  return new Option("--profile <name>", "profile of your AWS credentials (default: AWS_PROFILE)");
}

/** Creates `--kubeconfig` of an administrator's commands. @param use what is done by it, in the infinitive */
export function kubeconfigOption(use: string): Option {
  return new Option("--kubeconfig <file>", `${use} by this kubeconfig, not with a token of the AWS credentials`);
}

/** Creates `--context`, which belongs to `--kubeconfig`. */
export function contextOption(): Option {
  return new Option("--context <name>", "context in that kubeconfig (default: its current one)");
}

const MAX_SECONDS = 24 * 3600;

/** Parses a duration in seconds, or with a unit: `90`, `90s`, `5m`, `1h`. @throws InvalidArgumentError, which commander reports with the option's name */
export function parseSeconds(text: string): number {
  const seconds = /^\d{1,9}$/.test(text.trim()) ? Number(text) : secondsOf(text);
  if (seconds !== undefined && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds, or a duration such as 90s or 5m, of a day at most.");
}

/** Checks a region's name. @throws InvalidArgumentError with the nearest region */
export function parseRegion(text: string): string {
  if (findPartition(text) !== undefined) return text;
  throw new InvalidArgumentError(`It ${explainRegion(text)}.`.replace(/\?\.$/, "?"));
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}
