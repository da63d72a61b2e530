// An administrator's commands, on any machine. They lie in a file beside the daemon's, which never loads them.
import { register as registerAuthorize } from "../authorize.ts";
import { register as registerClusters } from "../clusters/clusters.ts";
import { register as registerToken } from "../clusters/token.ts";
import { register as registerCompletion } from "../completion/completion.ts";
import type { LaptopContext } from "../context.ts";
import { register as registerEni } from "../eni.ts";
import { register as registerGateway } from "../gateway/gateway.ts";
import { register as registerMachine } from "../machine/machine.ts";
import { register as registerNodeName } from "../node-name.ts";
import type { Register } from "../program.ts";
import { register as registerRevoke } from "../revoke.ts";
import { register as registerUserData } from "../user-data/user-data.ts";
import { register as registerVerify } from "../verify/verify.ts";

/** In the order of `--help`. */
export const ADMIN_COMMANDS: readonly Register<LaptopContext>[] = [
  registerAuthorize,
  registerRevoke,
  registerEni,
  registerNodeName,
  registerClusters,
  registerUserData,
  registerMachine,
  registerGateway,
  registerVerify,
  registerToken,
  registerCompletion,
];
