// Which names a node may have. They are checked before a role, a trust policy or aws-auth is changed for a node that could never join.
import type { NodeIdentity } from "../config/node-schema.ts";
import { SatelliteError } from "../errors.ts";

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** The limit of a DNS label, and of the label kubernetes.io/hostname; a session name may have 64 characters. */
const MAX_LENGTH = 63;

/** @throws node-name-invalid */
export function checkNodeName(name: string, identity: NodeIdentity): void {
  const problem = problemOf(name, identity);
  if (problem === undefined) return;
  throw new SatelliteError("node-name-invalid", `node name ${JSON.stringify(name)} ${problem.is}`, {
    hint: problem.hint,
  });
}

function problemOf(name: string, identity: NodeIdentity): { readonly is: string; readonly hint: string } | undefined {
  if (name.includes("@")) {
    return {
      is: "has an @",
      hint: `EKS turns the @ of a session's name into -, so the node's name would be ${name.replaceAll("@", "-").toLowerCase()}: use that name on both sides.`,
    };
  }
  if (name.length > MAX_LENGTH) {
    return { is: `has ${name.length} characters`, hint: `Use ${MAX_LENGTH} at most.` };
  }
  if (!name.split(".").every((label) => LABEL.test(label))) {
    return {
      is: "is not a DNS name in lower case",
      hint: "Use letters a-z, digits and - within it, e.g. gpu-1; it must equal node.name in the machine's configuration.",
    };
  }
  if (name.startsWith("i-")) {
    return {
      is: "begins with i-",
      hint: "AWS's cloud controller mistakes such a Node for an EC2 instance, and deletes it: choose another name.",
    };
  }
  if (name.startsWith("fargate-") && identity === "hybrid") {
    return {
      is: "begins with fargate-",
      hint: "AWS's cloud controller mistakes such a Node for a Fargate node: choose another name, or --identity fargate with node.identity: fargate on the machine.",
    };
  }
  return undefined;
}
