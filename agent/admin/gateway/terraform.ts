// The whole gateway as Terraform, for administrators who make everything with it. Pure; the cluster's own resource stays theirs.
import type { RuleRequest } from "../../host/gateway-aws/types.ts";
import { type NetworkEntry, renderNetworkEntry } from "../../tunnel/entries.ts";
import { GATEWAY_GROUP, GATEWAYS_CONFIG_MAP, NETWORK_CONFIG_MAP, TUNNEL_NAMESPACE } from "../../tunnel/names.ts";
import { TUNNEL_RBAC } from "../../tunnel/rbac.ts";
import { GATEWAY_TAG } from "../eni.ts";
import { ROLE_TAG, renderHcl } from "../node-role-policy.ts";
import { GATEWAY_POLICY, type GatewayNames } from "./names.ts";
import type { TunnelNetworks } from "./networks.ts";
import { networksTag } from "./picture.ts";
import { defaultImage, type InstanceSpec } from "./plan/instance.ts";
import { routedNetworks } from "./plan/routes.ts";
import { gatewayPolicy, gatewayTrustPolicy } from "./policies.ts";
import { clusterGroupRules, gatewayRules } from "./rules.ts";
import { type Package, renderUserData } from "./user-data.ts";

export interface TerraformInput {
  readonly names: GatewayNames;
  readonly clusterArn: string;
  readonly partition: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly subnetCidr: string;
  readonly clusterGroupId: string;
  /** Ids of the tables that serve a subnet. */
  readonly tableIds: readonly string[];
  readonly networks: TunnelNetworks;
  readonly entry: NetworkEntry;
  readonly spec: InstanceSpec & { readonly package: Package };
  /** Of the route tables whose routes a gateway may replace; none without a second gateway. */
  readonly tableArns: readonly string[];
  readonly standby: Pick<TerraformInput, "names" | "subnetId" | "subnetCidr"> | undefined;
}

/** Placeholders that Terraform's own references take the place of: the addresses are known when it has made them. */
const PUBLIC_ADDRESS = "@@public-address@@";
const ADDRESS = "@@address@@";

/** Renders it. */
export function renderGatewayTerraform(input: TerraformInput): string {
  const standby = input.standby === undefined ? [] : renderStandby({ ...input, ...input.standby });
  const own = [renderIdentity(input), renderPlace(input)];
  return [renderHeader(input), ...own, ...standby, renderWay(input), renderCluster(input)].join("\n");
}

/** The same pieces under other names. */
function renderStandby(input: TerraformInput): readonly string[] {
  return [renderIdentity(input), renderPlace(input)].map((text) =>
    text
      .replaceAll('" "gateway', '" "standby')
      .replaceAll(
        /\b(aws_(?:iam_role|iam_instance_profile|security_group|network_interface|eip|ssm_parameter))\.gateway/g,
        "$1.standby",
      ),
  );
}

/** What a printed plan cannot hold: Terraform's resource of the cluster is the user's. */
function renderHeader({ names: { cluster, region, gateway }, networks: { nodes, pods } }: TerraformInput): string {
  return `# Gateway ${gateway} of EKS cluster ${cluster} in ${region}, for the providers aws and kubernetes.
# Add to your own resource aws_eks_cluster, and keep the networks that are there:
#   remote_network_config {
#     remote_node_networks { cidrs = [${renderHcl(nodes)}] }${pods === undefined ? "" : `\n#     remote_pod_networks { cidrs = [${renderHcl(pods)}] }`}
#   }
# eks-satellite gateway check says afterwards what is missing; authorize --tunnel gives nodes their addresses.
`;
}

function renderIdentity({ names, clusterArn, partition, tableArns }: TerraformInput): string {
  const tags = renderHcl({ [ROLE_TAG]: clusterArn, [GATEWAY_TAG]: names.gateway });
  return `resource "aws_iam_role" "gateway" {
  name               = ${renderHcl(names.role)}
  assume_role_policy = jsonencode(${renderHcl(gatewayTrustPolicy(partition))})
  tags               = ${tags}
}

resource "aws_iam_role_policy" "gateway" {
  name   = ${renderHcl(GATEWAY_POLICY)}
  role   = aws_iam_role.gateway.name
  policy = jsonencode(${renderHcl(gatewayPolicy(clusterArn, tableArns))})
}

resource "aws_iam_instance_profile" "gateway" {
  name = ${renderHcl(names.role)}
  role = aws_iam_role.gateway.name
  tags = ${tags}
}

resource "aws_eks_access_entry" "gateway" {
  cluster_name      = ${renderHcl(names.cluster)}
  principal_arn     = aws_iam_role.gateway.arn
  kubernetes_groups = [${renderHcl(GATEWAY_GROUP)}]
  type              = "STANDARD"
}
`;
}

function renderPlace(input: TerraformInput): string {
  const { names, vpcId, subnetId, networks, entry, spec } = input;
  const groupTags = { ...names.tags, ...networksTag(networks) };
  const rules = gatewayRules(entry.vpcCidrs, spec.allowances, names.tags);
  return `resource "aws_security_group" "gateway" {
  name        = ${renderHcl(names.label)}
  description = "Gateway of EKS cluster ${names.cluster} for nodes outside AWS"
  vpc_id      = ${renderHcl(vpcId)}
  tags        = ${renderHcl(groupTags)}
${rules.map(renderInlineRule).join("")}}

resource "aws_network_interface" "gateway" {
  subnet_id         = ${renderHcl(subnetId)}
  security_groups   = [aws_security_group.gateway.id]
  source_dest_check = false
  tags              = ${renderHcl(names.tags)}
}

resource "aws_eip" "gateway" {
  domain            = "vpc"
  network_interface = aws_network_interface.gateway.id
  tags              = ${renderHcl(names.tags)}
}

${renderInstance(input)}`;
}

function renderInstance({ names, spec }: TerraformInput): string {
  const image = spec.image ?? defaultImage(spec.type);
  const isParameter = !image.startsWith("ami-");
  const parameter = `data "aws_ssm_parameter" "gateway_image" {\n  name = ${renderHcl(image)}\n}\n\n`;
  const userData = renderUserData({ ...names, ...spec, publicAddress: PUBLIC_ADDRESS, address: ADDRESS });
  return `${isParameter ? parameter : ""}resource "aws_instance" "gateway" {
  ami                  = ${isParameter ? "data.aws_ssm_parameter.gateway_image.value" : renderHcl(image)}
  instance_type        = ${renderHcl(spec.type)}
  iam_instance_profile = aws_iam_instance_profile.gateway.name
  tags                 = ${renderHcl(names.tags)}
  volume_tags          = ${renderHcl(names.tags)}

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.gateway.id
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  user_data = ${withReferences(renderHcl(userData))}

  lifecycle {
    ignore_changes = [ami, user_data]
  }
}
`;
}

function withReferences(text: string): string {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are Terraform's templates
  return text
    .replaceAll(PUBLIC_ADDRESS, "${aws_eip.gateway.public_ip}")
    .replaceAll(ADDRESS, "${aws_network_interface.gateway.private_ip}");
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
}

/** Of two gateways the one that holds the Lease moves the routes: Terraform makes them, and leaves them there. */
const MOVED = "\n\n  lifecycle {\n    ignore_changes = [network_interface_id]\n  }";

function renderWay({ names, tableIds, networks, clusterGroupId, subnetCidr, standby }: TerraformInput): string {
  const routes = tableIds.flatMap((table) =>
    routedNetworks(networks).map((destination, index) => {
      const name = `${label(table)}_${index === 0 ? "nodes" : "pods"}`;
      return `resource "aws_route" "${name}" {
  route_table_id         = ${renderHcl(table)}
  destination_cidr_block = ${renderHcl(destination)}
  network_interface_id   = aws_network_interface.gateway.id${standby === undefined ? "" : MOVED}
}
`;
    }),
  );
  const second = clusterGroupRules(networks, standby?.subnetCidr, standby?.names.tags ?? {}).filter(
    ({ cidr }) => cidr === standby?.subnetCidr && cidr !== subnetCidr,
  );
  const rules = [...clusterGroupRules(networks, subnetCidr, names.tags), ...second].map(
    (
      rule,
    ) => `resource "aws_vpc_security_group_ingress_rule" "${label(`${rule.protocol}_${rule.fromPort}_${rule.cidr}`)}" {
  security_group_id = ${renderHcl(clusterGroupId)}
  description       = ${renderHcl(rule.description)}
  ip_protocol       = ${renderHcl(rule.protocol)}
  from_port         = ${rule.fromPort}
  to_port           = ${rule.toPort}
  cidr_ipv4         = ${renderHcl(rule.cidr)}
  tags              = ${renderHcl(rule.tags)}
}
`,
  );
  return [...routes, ...rules].join("\n");
}

/** Nodes' addresses and gateways' keys are written by others later: Terraform leaves the data alone. */
function renderCluster({ entry }: TerraformInput): string {
  const objects = TUNNEL_RBAC.map(
    (
      object,
    ) => `resource "kubernetes_manifest" "${label(`${object.kind}_${object.metadata.namespace ?? "cluster"}_${object.metadata.name}`)}" {
  manifest = ${renderHcl(object)}
}
`,
  );
  const map = (
    name: string,
    resource: string,
    data: Readonly<Record<string, string>>,
  ) => `resource "kubernetes_config_map_v1" "${resource}" {
  metadata {
    name      = ${renderHcl(name)}
    namespace = ${renderHcl(TUNNEL_NAMESPACE)}
  }
  data = ${renderHcl(data)}

  lifecycle {
    ignore_changes = [data]
  }
}
`;
  return [
    ...objects,
    map(NETWORK_CONFIG_MAP, "network", renderNetworkEntry(entry)),
    map(GATEWAYS_CONFIG_MAP, "gateways", {}),
  ].join("\n");
}

function renderInlineRule({ direction, protocol, fromPort, toPort, cidr, description }: RuleRequest): string {
  const [from, to] = protocol === "-1" ? [0, 0] : [fromPort, toPort];
  return `
  ${direction === "in" ? "ingress" : "egress"} {
    description = ${renderHcl(description)}
    protocol    = ${renderHcl(protocol)}
    from_port   = ${from}
    to_port     = ${to}
    cidr_blocks = [${renderHcl(cidr)}]
  }
`;
}

/** A name in Terraform's language. */
function label(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
