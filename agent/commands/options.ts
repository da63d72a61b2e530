// Command line options that several commands share.
import { Option } from "commander";
import { DEFAULT_CONFIG_PATH } from "../config/load.ts";

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

/** Collects the values of an option that may be repeated. */
export function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}
