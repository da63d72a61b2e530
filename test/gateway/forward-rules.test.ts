import assert from "node:assert/strict";
import { test } from "node:test";
import { type ForwardPolicy, renderForwardRules } from "../../agent/gateway/forward-rules.ts";

const POLICY = {
  address: "10.20.1.5",
  mtu: 1420,
  vpcCidrs: ["10.20.0.0/16", "100.64.0.0/16"],
  services: [
    { address: "10.20.1.10", port: 443, protocol: "tcp" },
    { address: "10.20.1.11", port: 53, protocol: "udp" },
  ],
  allow: [
    { cidr: "10.20.2.0/24", protocol: "tcp" },
    { cidr: "10.20.3.0/24", port: 80, protocol: "tcp" },
  ],
} as const;

const rulesOf = (chain: string, policy: ForwardPolicy = POLICY) =>
  renderForwardRules(policy)
    .split("\n")
    .filter((line) => line.startsWith(`-A ${chain} `))
    .map((line) => line.slice(chain.length + 4));

test("satellites reach what is listed, and are refused at once elsewhere; the VPC reaches satellites", () => {
  assert.deepEqual(rulesOf("ES-GATEWAY-FORWARD"), [
    "-i esgw0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-o esgw0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-i esgw0 -d 10.20.0.0/16 -p tcp ! --tcp-flags SYN,ACK SYN -j ACCEPT",
    "-i esgw0 -d 100.64.0.0/16 -p tcp ! --tcp-flags SYN,ACK SYN -j ACCEPT",
    "-i esgw0 -d 10.20.1.10/32 -p tcp --dport 443 -j ACCEPT",
    "-i esgw0 -d 10.20.1.11/32 -p udp --dport 53 -j ACCEPT",
    "-i esgw0 -d 10.20.2.0/24 -j ACCEPT",
    "-i esgw0 -d 10.20.3.0/24 -p tcp --dport 80 -j ACCEPT",
    "-i esgw0 -j REJECT --reject-with icmp-admin-prohibited",
    "-s 10.20.0.0/16 -o esgw0 -j ACCEPT",
    "-s 100.64.0.0/16 -o esgw0 -j ACCEPT",
    "-o esgw0 -j DROP",
  ]);
});

test("pods of satellites are reached by other satellites and their pods, and nothing else of another satellite is", () => {
  const rules = rulesOf("ES-GATEWAY-FORWARD", { ...POLICY, pods: "10.250.16.0/20" });
  const rule = "-i esgw0 -o esgw0 -d 10.250.16.0/20 -j ACCEPT";
  assert.equal(rules.indexOf(rule), rules.indexOf("-i esgw0 -j REJECT --reject-with icmp-admin-prohibited") - 1);
  assert.ok(!rulesOf("ES-GATEWAY-FORWARD").some((line) => line.includes("-i esgw0 -o esgw0")));
});

test("of the gateway itself a satellite reaches its health alone, and no metadata service", () => {
  assert.deepEqual(rulesOf("ES-GATEWAY-INPUT"), [
    "-i esgw0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-i esgw0 -d 10.20.1.5/32 -p tcp --dport 51821 -j ACCEPT",
    "-i esgw0 -d 10.20.1.5/32 -p udp --dport 51821 -j ACCEPT",
    "-i esgw0 -p icmp --icmp-type echo-request -j ACCEPT",
    "-i esgw0 -j DROP",
  ]);
});

test("segments are as large as the tunnel carries, both ways", () => {
  assert.deepEqual(rulesOf("ES-GATEWAY-MSS"), [
    "-o esgw0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
    "-i esgw0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1380",
  ]);
});

test("only chains of its own are named, each with the policy of none", () => {
  const lines = renderForwardRules(POLICY).split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith(":")),
    [":ES-GATEWAY-FORWARD - [0:0]", ":ES-GATEWAY-INPUT - [0:0]", ":ES-GATEWAY-MSS - [0:0]"],
  );
  assert.ok(lines.filter((line) => line.startsWith("-")).every((line) => line.startsWith("-A ES-GATEWAY-")));
});
