// `eks-satellite authorize`: lets a role or a user act as a node of a cluster. With --create-role it creates the role too.
import { type Command, Option } from "commander";
import type { ChangePlan } from "../admin/change.ts";
import { type Administrator, type ClusterAccess, openCluster } from "../admin/cluster-access.ts";
import type { TunnelPlan } from "../admin/gateway/allocate.ts";
import { type NodeAuthorization, planAuthorization } from "../admin/node-authorization.ts";
import { checkNodeName } from "../admin/node-name-rules.ts";
import { planNodeRole, type RolePlan } from "../admin/node-role.ts";
import { renderRoleJson, renderRoleTerraform } from "../admin/node-role-policy.ts";
import { type Principal, parseAnyPrincipal, parsePrincipal } from "../admin/principal.ts";
import { NODE_IDENTITIES, type NodeIdentity } from "../config/node-schema.ts";
import { SatelliteError } from "../errors.ts";
import {
  type AdminContext,
  addChangeOptions,
  backupFileFor,
  type ChangeOptions,
  checkCluster,
  proposeChanges,
  readPrincipal,
} from "./admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadAdmin } from "./admin-clients.ts";
import type { LaptopContext, Print } from "./context.ts";
import {
  addTunnelOptions,
  authorizeTunnel,
  checkTunnelOptions,
  planTunnel,
  printTunnel,
  type TunnelOptions,
} from "./gateway/authorize-tunnel.ts";
import {
  authorizeKubeProxy,
  checkKubeProxyOptions,
  type KubeProxyOptions,
  planWantedKubeProxy,
} from "./kube-proxy/authorize-kube-proxy.ts";
import { collect } from "./options.ts";

export interface AuthorizeOptions extends ChangeOptions, TunnelOptions, KubeProxyOptions {
  readonly nodeName: readonly string[];
  readonly identity: NodeIdentity;
  /** The role's name, or true for one that follows from the node's. */
  readonly createRole?: string | true;
  /** Who may assume the new role. */
  readonly trustedArn?: string;
  /** Print what --create-role would create, without calling AWS; or the configuration of a static tunnel. */
  readonly print?: "json" | "terraform" | "config";
}

const ROLE_NAME_MAX_LENGTH = 64;

/** Adds `authorize`. */
export function register(program: Command, context: LaptopContext): void {
  const { host, confirm, print, exitWith } = context;
  addTunnelOptions(addChangeOptions(program.command("authorize")))
    .description(
      "administrator: let a role or a user act as a node of a cluster; exit 0 done, 1 error, 2 not confirmed",
    )
    .option(
      "--node-name <name>",
      "name of the node; required for a user and with --create-role, where it may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--identity <identity>", "node.identity of the machine").choices(NODE_IDENTITIES).default("hybrid"),
    )
    .option("--create-role [name]", "create the role too, with least privilege (default: eks-satellite-NODE)")
    .option("--trusted-arn <arn>", "who may assume the new role: the user or role whose keys the machine holds")
    .addOption(
      new Option(
        "--print <format>",
        "print what --create-role creates, for the account of --trusted-arn, without calling AWS; config: the node's static tunnel",
      ).choices(["json", "terraform", "config"]),
    )
    .option(
      "--kube-proxy",
      "with --identity fargate: keep a copy of EKS's DaemonSet kube-proxy for such nodes; alone, nothing else is changed",
    )
    .action(async (options: AuthorizeOptions & ChainOptions & KubernetesOptions) => {
      const openAdmin = () => loadAdmin(host, options);
      exitWith(await authorizeCommand({ openAdmin, confirm, signals: context }, options, print));
    });
}

/** Shows what it would change, asks, and changes it; returns the exit code. @throws what {@link planAuthorization} and planNodeRole do */
export async function authorizeCommand(
  { openAdmin, confirm, signals }: AdminContext,
  options: AuthorizeOptions,
  print: Print,
): Promise<number> {
  const name = checkCluster(options);
  for (const nodeName of options.nodeName) checkNodeName(nodeName, options.identity);
  const given = readPrincipal(options);
  const wanted = options.createRole === undefined ? undefined : readRoleOption(options, options.createRole, given);
  checkTunnelOptions(options);
  checkKubeProxyOptions(options);
  if (options.print === "config") return printTunnel(openAdmin, options, print);
  if (options.print !== undefined) return printRole(options, options.print, { wanted, print });
  if (given === undefined && wanted === undefined && (options.tunnel || options.kubeProxy === true))
    return (options.tunnel ? authorizeTunnel : authorizeKubeProxy)({ openAdmin, confirm, signals }, options, print);
  checkNames(options, given, wanted);
  const admin = await openAdmin();
  const access = await openCluster(admin, name);
  const { changes, notes, principal, tunnel } = await planAccess({ ...admin, access }, options);
  const { arn } = principal;
  const proposal = {
    ...{ access, principalArn: arn, ...(tunnel && { details: { tunnel: Object.fromEntries(tunnel.entries) } }) },
    changes,
    notes: [...access.notes, ...notes],
    nothing: `${arn} may be a node of ${name.name} already`,
    done: `${arn} may be a node of ${name.name} now. ${nextStep(options, principal)}`,
  };
  return proposeChanges(proposal, { confirm, options, print, signals });
}

export type AccessOptions = Omit<AuthorizeOptions, "yes" | "dryRun" | "output" | "print">;

export interface AccessPlan extends ChangePlan {
  readonly principal: Principal;
  readonly tunnel: TunnelPlan | undefined;
}

/** Plans what lets the role or user be its nodes: the role, the access, the addresses. @throws options-invalid, and what {@link planAuthorization} and planNodeRole do */
export async function planAccess(
  { host, adminAws: aws, access }: Pick<Administrator, "host" | "adminAws"> & { readonly access: ClusterAccess },
  options: AccessOptions,
): Promise<AccessPlan> {
  const given = readPrincipal(options);
  const wanted = options.createRole === undefined ? undefined : readRoleOption(options, options.createRole, given);
  checkNames(options, given, wanted);
  const kubeProxy = await planWantedKubeProxy(access, options);
  const role = wanted && (await planNodeRole(aws, access, wanted));
  const authorization: NodeAuthorization = {
    principal: principalOf(given, role),
    method: options.method,
    nodeName: options.nodeName[0],
    roleState: role?.isNew === true ? "planned" : "present",
    backupFile: backupFileFor(options, host.clock.now()),
  };
  const { changes, notes } = await planAuthorization({ host, aws, access }, authorization);
  const tunnel = options.tunnel ? await planTunnel({ access, host }, options) : undefined;
  return {
    changes: [...(role?.changes ?? []), ...changes, ...(tunnel?.changes ?? []), ...kubeProxy.changes],
    notes: [notes, tunnel?.notes ?? [], kubeProxy.notes, trustedNotes(wanted, access, authorization.principal)].flat(),
    principal: authorization.principal,
    tunnel,
  };
}

interface RoleOption {
  readonly name: string;
  readonly trustedArn: string;
  readonly trusted: Principal;
  readonly nodeNames: readonly string[];
}

/** @throws options-invalid, session-arn, principal-invalid */
function readRoleOption(
  { trustedArn, nodeName }: Pick<AuthorizeOptions, "trustedArn" | "nodeName">,
  createRole: string | true,
  given: Principal | undefined,
): RoleOption {
  if (given !== undefined)
    throw misuse(
      `--create-role and ${given.arn} cannot both be given`,
      "--create-role creates the role that is authorized.",
    );
  if (trustedArn === undefined)
    throw misuse(
      "--create-role needs --trusted-arn",
      "It is the user or role whose keys the machine holds: no other may assume the role.",
    );
  const [first] = nodeName;
  if (first === undefined)
    throw misuse(
      "--create-role needs --node-name",
      "The role's trust policy names it: who assumes the role can be that node only. Give it once for each node.",
    );
  const trusted = parseAnyPrincipal(trustedArn, "--trusted-arn");
  const name = createRole === true ? `eks-satellite-${first}` : createRole;
  if (!/^[\w+=,.@-]+$/.test(name) || name.length > ROLE_NAME_MAX_LENGTH)
    throw misuse(
      `${JSON.stringify(name)} cannot be the name of a role`,
      `Give another with --create-role NAME: letters, digits and +=,.@_- , ${ROLE_NAME_MAX_LENGTH} at most.`,
    );
  return { name, trustedArn, trusted, nodeNames: nodeName.toSorted() };
}

/** @throws options-invalid */
function checkNames(
  { nodeName }: Pick<AuthorizeOptions, "nodeName">,
  given: Principal | undefined,
  wanted: RoleOption | undefined,
): void {
  if (given === undefined && wanted === undefined)
    throw misuse(
      "no role or user is named",
      "Give --role-arn, --user-arn, or --create-role with --trusted-arn and --node-name.",
    );
  if (given?.kind === "user" && nodeName.length !== 1)
    throw misuse(
      `user ${given.arn} needs one --node-name, not ${nodeName.length}`,
      "A user has no session name that could name a node, so it can be one node only; a role can be several.",
    );
}

function principalOf(given: Principal | undefined, role: RolePlan | undefined): Principal {
  return given ?? parsePrincipal(role?.arn ?? "", "role", "--create-role");
}

/** Within an account a trust policy that names a principal is enough; across two both must allow it. */
function trustedNotes(wanted: RoleOption | undefined, { account }: ClusterAccess, role: Principal): readonly string[] {
  if (wanted === undefined || wanted.trusted.account === account) return [];
  return [`${wanted.trustedArn} is of another account: its own policy must allow sts:AssumeRole on ${role.arn} too`];
}

/** Prints everything that --create-role would create, for users who manage roles elsewhere. */
function printRole(
  { cluster, region }: AuthorizeOptions,
  format: "json" | "terraform",
  { wanted, print }: { wanted: RoleOption | undefined; print: Print },
): number {
  if (wanted === undefined) throw misuse("--print shows what --create-role creates", "Give --create-role too.");
  const { partition, account } = wanted.trusted;
  const role = {
    ...wanted,
    partition,
    account,
    clusterArn: `arn:${partition}:eks:${region}:${account}:cluster/${cluster}`,
  };
  print(format === "terraform" ? renderRoleTerraform(role) : renderRoleJson(role));
  return 0;
}

function nextStep({ cluster, region, nodeName, identity }: AuthorizeOptions, { kind, arn }: Principal): string {
  const role = kind === "role" ? ` --role-arn ${arn}` : "";
  const name = nodeName[0] === undefined ? "" : ` --node-name ${nodeName[0]}`;
  const eni = identity === "fargate" ? " --identity fargate --eni ENI" : "";
  return `On the machine: sudo eks-satellite configure --cluster ${cluster} --region ${region}${role}${eni}${name}`;
}

function misuse(problem: string, hint: string): SatelliteError {
  return new SatelliteError("options-invalid", problem, { hint });
}
