// Pages about what a node needs of others: rights in AWS and in the cluster, the network, and what it runs on.
import { readFileSync } from "node:fs";
import { gatewayPolicy, gatewayTrustPolicy, routeStatement } from "../../agent/admin/gateway/policies.ts";
import { permissionPolicy, trustPolicy } from "../../agent/admin/node-role-policy.ts";
import { ADMIN_RIGHTS, SOURCE_RIGHTS } from "../../agent/admin/permissions.ts";
import { CONNECTIONS, type Connection, type Side } from "../../agent/check/connections.ts";
import { ARCHITECTURES, MIN_MEMORY_BYTES, OPERATING_SYSTEMS } from "../../agent/check/supported.ts";
import { MIN_CONTAINERD } from "../../agent/facts/cri.ts";
import { MAX_MINORS_BEHIND, supportedRange } from "../../agent/facts/preflight.ts";
import { code, codes, renderPage, section, sentence, table } from "./markdown.ts";

const TABLE_ARN = "arn:aws:ec2:us-east-1:111122223333:route-table/rtb-0123456789abcdef0";
const CLUSTER_ARN = "arn:aws:eks:us-east-1:111122223333:cluster/my-cluster";
const TRUSTED_ARN = "arn:aws:iam::111122223333:user/gpu-machines";

export function renderIamPermissions(): string {
  const json = (document: object) => `\`\`\`json\n${JSON.stringify(document, undefined, 2)}\n\`\`\``;
  return renderPage({
    title: "IAM permissions",
    from: "agent/admin/node-role-policy.ts, agent/admin/gateway/policies.ts and agent/admin/permissions.ts",
    intro:
      "What AWS must allow to a node and to an administrator. `eks-satellite authorize --create-role` creates the node's role with exactly these policies.",
    sections: [
      section(
        "The node's role",
        "Its permissions:",
        json(permissionPolicy({ clusterArn: CLUSTER_ARN })),
        "Who may assume it, and as which nodes:",
        json(trustPolicy({ trustedArn: TRUSTED_ARN, nodeNames: ["gpu-1"] })),
      ),
      section(
        "A gateway's role",
        "`eks-satellite gateway create` makes it for the gateway's instance. Of a gateway alone it changes nothing in AWS. Its permissions:",
        json(gatewayPolicy(CLUSTER_ARN)),
        "With `--standby` both gateways' roles also have this statement, with each route table that serves a subnet of the VPC. A table that is added later is one that `gateway check` names (`role-policy-differs`):",
        json(routeStatement([TABLE_ARN])),
        "Who may assume it:",
        json(gatewayTrustPolicy("aws")),
      ),
      section(
        "The keys on the machine",
        table(
          ["source", "action", "on"],
          SOURCE_RIGHTS.map(({ source, action, on }) => [source, action === undefined ? "none" : code(action), on]),
        ),
      ),
      section(
        "An administrator",
        "`--dry-run` needs the reading actions only.",
        table(
          ["command", "when", "AWS", "in the cluster"],
          ADMIN_RIGHTS.map(({ command, when, actions, kubernetes }) => [
            codes(command.split(", ")),
            when.startsWith("--") ? code(when) : when,
            codes(actions),
            kubernetes,
          ]),
        ),
      ),
    ],
  });
}

const SIDES: Readonly<Record<Side, string>> = {
  machine: "the machine",
  aws: "AWS",
  "control-plane": "the cluster's control plane",
  internet: "the internet, or mirrors of yours",
};

export function renderNetworkPorts(): string {
  const rows = (connections: readonly Connection[]) =>
    connections.map(({ host, program, ports, protocol, what, when }) => [
      program,
      host.includes(" ") && !host.includes(", ") ? host : codes(host.split(", ")),
      `${protocol} ${ports.join(", ")}`,
      sentence(what),
      sentence(when ?? "always"),
    ]);
  const columns = ["program", "host", "port", "for", "when"];
  const between = (from: Side, to: Side) => CONNECTIONS.filter((each) => each.from === from && each.to === to);
  const title = (from: Side, to: Side) => (from === to ? "Within the machine" : `From ${SIDES[from]} to ${SIDES[to]}`);
  const pairs: readonly (readonly [Side, Side])[] = [
    ["machine", "aws"],
    ["machine", "control-plane"],
    ["machine", "internet"],
    ["control-plane", "machine"],
    ["machine", "machine"],
  ];
  return renderPage({
    title: "Network ports",
    from: "agent/check/connections.ts",
    intro:
      "Every connection that a node makes or accepts. REGION and ACCOUNT are the cluster's; regions of China and of the European Sovereign Cloud have other suffixes.",
    sections: [
      "![Connections between the machine, AWS and the control plane](../images/network.svg)",
      ...pairs.map(([from, to]) => section(title(from, to), table(columns, rows(between(from, to))))),
    ],
  });
}

export function renderCompatibility(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly engines: { readonly node: string };
  };
  const systems = OPERATING_SYSTEMS.map((system) => system.charAt(0).toUpperCase() + system.slice(1));
  return renderPage({
    title: "Compatibility",
    from: "agent/check/supported.ts, agent/facts/preflight.ts and package.json",
    intro:
      "What eks-satellite runs on and with. [Support and cost](../explanation/support-and-cost.md) says what of it was tested.",
    sections: [
      table(
        ["", ""],
        [
          ["operating system", systems.join(", ")],
          [
            "architecture",
            Object.entries(ARCHITECTURES)
              .map(([node, kernel]) => `${kernel} (${code(node)})`)
              .join(", "),
          ],
          ["memory", `at least ${MIN_MEMORY_BYTES / 2 ** 30} GiB`],
          ["service manager", "systemd"],
          ["containerd", `${MIN_CONTAINERD} or newer`],
          [
            "kubelet",
            `the cluster's minor version, or up to ${MAX_MINORS_BEHIND} older and never newer: for a cluster of 1.34 between ${supportedRange("1.34")}`,
          ],
          ["Node.js", `the package brings it; the sources need ${manifest.engines.node.replace(">=", "")} or newer`],
        ],
      ),
      "`eks-satellite check` compares a machine with this page. Another distribution is a warning; another architecture, an older containerd or another kubelet fails.",
    ],
  });
}
