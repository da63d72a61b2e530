// Whether anything turns off the verification of certificates. The daemon verifies them all the same; other programs on Node do not.
import { DEFAULT_ENVIRONMENT_PATH } from "../config/load.ts";
import { type Check, fail, ok } from "./check.ts";

const VARIABLE = "NODE_TLS_REJECT_UNAUTHORIZED";

export const TLS_CHECK: Check = {
  name: "tls",
  checks: "nothing turns off the verification of certificates",
  run: async ({ environment }) => {
    if (environment[VARIABLE] !== "0") return ok(`${VARIABLE} is not 0`);
    return fail(
      `${VARIABLE}=0 makes every certificate good; eks-satellite ignores it, other programs do not`,
      `Remove it from ${DEFAULT_ENVIRONMENT_PATH}. For a proxy that inspects TLS: NODE_EXTRA_CA_CERTS=FILE with its certificate authority.`,
    );
  },
};
