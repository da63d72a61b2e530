// Checks the account of a key of Lambda Cloud: LAMBDA_API_KEY, or the file that is the one argument.
import { readLambdaAccess } from "../../agent/admin/lambda/access.ts";
import { withoutControls } from "../../agent/foreign-text.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { honourProxies } from "../../agent/host/proxy.ts";
import { checkContract } from "./contract.ts";

honourProxies(process.env);
const host = createLinuxHost();
const access = await readLambdaAccess(host, process.env, process.argv[2]);
const print = (line: string) => void process.stdout.write(`${withoutControls(line)}\n`);
process.exitCode = (await checkContract(host, access, print)) ? 0 : 1;
