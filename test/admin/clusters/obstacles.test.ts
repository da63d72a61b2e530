import assert from "node:assert/strict";
import { test } from "node:test";
import { findObstacles } from "../../../agent/admin/clusters/obstacles.ts";
import type { ClusterDescription } from "../../../agent/host/aws.ts";

const CLUSTER = { name: "demo", region: "us-west-2" };
const OPEN = {
  id: "vpc-1",
  subnetIds: [],
  securityGroupId: "sg-1",
  hasPublicEndpoint: true,
  publicCidrs: ["0.0.0.0/0"],
};
const FIT: ClusterDescription = {
  ...{ status: "ACTIVE", authenticationMode: "API", ipFamily: "ipv4", vpc: OPEN },
  remoteNetworks: { nodes: ["10.250.0.0/20"], pods: [] },
};

test("a cluster that fits keeps no satellite out, also while it is updated", () => {
  for (const status of ["ACTIVE", "UPDATING"]) assert.deepEqual(findObstacles(CLUSTER, { ...FIT, status }), []);
  assert.deepEqual(findObstacles(CLUSTER, { ...FIT, authenticationMode: "API_AND_CONFIG_MAP" }), []);
});

const WHERE = "--region us-west-2 --name demo";
for (const [what, change, kind, problem, remedy] of [
  ["that is made at the moment", { status: "CREATING" }, "out", /it is CREATING/, /Wait until/],
  ["that goes", { status: "DELETING" }, "out", /it is DELETING/, /another cluster/],
  ["of which nothing is known", { status: undefined }, "out", /it is unknown/, /./],
  [
    "without a public endpoint",
    { vpc: { ...OPEN, hasPublicEndpoint: false } },
    "out",
    /private endpoint alone/,
    new RegExp(`update-cluster-config ${WHERE} --resources-vpc-config endpointPublicAccess=true`),
  ],
  [
    "for some addresses alone",
    { vpc: { ...OPEN, publicCidrs: ["198.51.100.0/24"] } },
    "out",
    /answers 198\.51\.100\.0\/24 alone/,
    /publicAccessCidrs=198\.51\.100\.0\/24,ADDRESS\/32/,
  ],
  ["of IPv6", { ipFamily: "ipv6" }, "limit", /IPv6 addresses/, /family ipv4/],
  [
    "that knows aws-auth alone",
    { authenticationMode: "CONFIG_MAP" },
    "limit",
    /aws-auth alone/,
    /authenticationMode=API_AND_CONFIG_MAP/,
  ],
  [
    "older than access entries",
    { authenticationMode: undefined },
    "limit",
    /aws-auth alone/,
    /eks-satellite authorize/,
  ],
  [
    "without remote networks",
    { remoteNetworks: undefined },
    "limit",
    /no remote networks/,
    /gateway create --cluster demo --region us-west-2/,
  ],
] as const) {
  test(`a cluster ${what}: one obstacle, and what to do`, () => {
    const [obstacle, ...others] = findObstacles(CLUSTER, { ...FIT, ...change });
    assert.equal(others.length, 0);
    assert.equal(obstacle?.kind, kind);
    assert.match(obstacle?.problem ?? "", problem);
    assert.match(obstacle?.remedy ?? "", remedy);
  });
}
