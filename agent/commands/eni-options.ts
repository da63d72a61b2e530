// Options of `eni` and `node-name`. Ids, names and regions are checked before AWS is asked.
import { type Command, Option } from "commander";
import { SUFFIX_FORMS, type SuffixForm } from "../config/fargate-name.ts";
import { configSchema } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { type OutputFormat, outputOption, parseRegion, profileOption } from "./options.ts";

export interface EniOptions {
  readonly region: string;
  readonly suffix: SuffixForm;
  readonly output: OutputFormat;
}

type Kind = "subnet" | "sg" | "eni";

/** Adds the options of every `eni` command and of `node-name`. */
export function addEniOptions(command: Command): Command {
  return command
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .addOption(
      new Option(
        "--suffix <form>",
        "suffix of node names; aws: ec2.internal in us-east-1, regional: REGION.compute.internal",
      )
        .choices(SUFFIX_FORMS)
        .default("aws"),
    )
    .addOption(profileOption())
    .addOption(outputOption());
}

/** Checks an id: EC2's have 8 or 17 hexadecimal digits. @throws options-invalid */
export function checkId(kind: Kind, id: string, option: string): void {
  if (new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) return;
  throw new SatelliteError("options-invalid", `${option} ${JSON.stringify(id)} is not an id of that kind`, {
    hint: `It looks like ${kind}-0123456789abcdef0.`,
  });
}

/** Checks the value of a tag, which must not be empty (EC2 user guide, "Tag restrictions"). @throws options-invalid */
export function checkName(name: string): void {
  if (/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u.test(name) && name.trim() === name) return;
  throw new SatelliteError("options-invalid", `--name ${JSON.stringify(name)} cannot be the value of a tag`, {
    hint: "Use 1 to 256 letters, digits, spaces within, and _ . : / = + - @.",
  });
}

/** Checks the name of a region. @throws options-invalid */
export function checkRegion(region: string): void {
  const { error } = configSchema.shape.cluster.shape.region.safeParse(region);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return;
  throw new SatelliteError("options-invalid", `--region ${JSON.stringify(region)} ${issue.message}`, {
    hint: "aws ec2 describe-regions names them.",
  });
}
