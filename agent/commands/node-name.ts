// `eks-satellite node-name`: the name of the node that has a network interface, or an address.
import type { Command } from "commander";
import { openAccount } from "../admin/account.ts";
import { readEni } from "../admin/eni.ts";
import { fargateNodeName } from "../config/fargate-name.ts";
import { SatelliteError } from "../errors.ts";
import { optional } from "../optional.ts";
import { type ChainOptions, type EniAdmin, loadEniAdmin } from "./admin-clients.ts";
import type { LaptopContext, Print } from "./context.ts";
import { addEniOptions, checkId, checkRegion, type EniOptions } from "./eni-options.ts";

export interface NodeNameOptions extends EniOptions {
  readonly eni?: string;
  readonly ip?: string;
}

type OpenAdmin = () => Promise<EniAdmin>;

/** Adds `node-name`. */
export function register(program: Command, { host, print, exitWith }: LaptopContext): void {
  addEniOptions(program.command("node-name"))
    .description("administrator: print the name of the node that has a network interface")
    .option("--eni <id>", "the interface; AWS is asked for its address")
    .option("--ip <address>", "its private address; AWS is not asked")
    .action(async (options: NodeNameOptions & ChainOptions) => {
      const openAdmin = () => loadEniAdmin(host, options);
      exitWith(await nodeNameCommand({ openAdmin }, options, print));
    });
}

/** Prints the name on a line of its own. Only an interface needs a call of AWS. @throws options-invalid, address-invalid, eni-not-found */
export async function nodeNameCommand(
  { openAdmin }: { readonly openAdmin: OpenAdmin },
  { region, eni, ip, suffix, output }: NodeNameOptions,
  print: Print,
): Promise<number> {
  checkRegion(region);
  if ((eni === undefined) === (ip === undefined))
    throw new SatelliteError("options-invalid", "give either --eni or --ip", {
      hint: "--eni asks AWS for the interface's address; --ip does not ask AWS.",
    });
  const address = ip ?? (await readAddress(openAdmin, region, eni ?? ""));
  const nodeName = fargateNodeName(address, region, suffix);
  const document = { nodeName, ip: address, region, ...optional({ eni }) };
  print(output === "json" ? `${JSON.stringify(document, undefined, 2)}\n` : `${nodeName}\n`);
  return 0;
}

async function readAddress(openAdmin: OpenAdmin, region: string, eni: string) {
  checkId("eni", eni, "--eni");
  const admin = await openAdmin();
  return (await readEni({ ec2: admin.ec2, account: await openAccount(admin, region) }, eni)).privateIp;
}
