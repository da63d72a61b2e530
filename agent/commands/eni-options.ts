// What is told of EC2's ids and regions on the command line, before AWS is asked.
import { configSchema } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";

type Kind = "subnet" | "sg" | "eni";

/** EC2's ids have 8 or 17 hexadecimal digits. @throws options-invalid */
export function checkId(kind: Kind, id: string, option: string): void {
  if (new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) return;
  throw new SatelliteError("options-invalid", `${option} ${JSON.stringify(id)} is not an id of that kind`, {
    hint: `It looks like ${kind}-0123456789abcdef0.`,
  });
}

/** What a tag's value may be (EC2 user guide, "Tag restrictions"), and not empty. @throws options-invalid */
export function checkName(name: string): void {
  if (/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u.test(name) && name.trim() === name) return;
  throw new SatelliteError("options-invalid", `--name ${JSON.stringify(name)} cannot be the value of a tag`, {
    hint: "Use 1 to 256 letters, digits, spaces within, and _ . : / = + - @.",
  });
}

/** @throws options-invalid */
export function checkRegion(region: string): void {
  const { error } = configSchema.shape.cluster.shape.region.safeParse(region);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return;
  throw new SatelliteError("options-invalid", `--region ${JSON.stringify(region)} ${issue.message}`, {
    hint: "aws ec2 describe-regions names them.",
  });
}
