import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequest, refusalOf, type SigningRequest, withinNetworks } from "./serving-request.ts";

const text = `Certificate Request:
    Data:
        Subject: O = system:nodes, CN = system:node:satellite-1
        Requested Extensions:
            X509v3 Subject Alternative Name: 
                DNS:satellite-1, IP Address:10.213.0.10
`;
const at = (own: string) => (address: string) => address === own;
const asked = (spec: Partial<SigningRequest["spec"]> = {}): SigningRequest => ({
  metadata: { name: "csr-1" },
  spec: {
    signerName: "kubernetes.io/kubelet-serving",
    username: "system:node:satellite-1",
    groups: ["system:nodes", "system:authenticated"],
    usages: ["digital signature", "server auth"],
    request: "",
    ...spec,
  },
});

test("a node's request for its own name and address is approved", () => {
  assert.equal(refusalOf(asked(), parseRequest(text), at("10.213.0.10")), undefined);
});

test("another node's address is refused by name", () => {
  assert.match(refusalOf(asked(), parseRequest(text), at("10.213.0.11")) ?? "", /IP Address:10\.213\.0\.10/);
});

test("a request in another node's name is refused", () => {
  const foreign = asked({ username: "system:node:other" });
  assert.match(refusalOf(foreign, parseRequest(text), at("10.213.0.10")) ?? "", /subject/);
});

test("a user who is no node is refused", () => {
  assert.match(
    refusalOf(asked({ username: "jane" }), parseRequest(text), at("10.213.0.10")) ?? "",
    /jane is not a node/,
  );
});

test("a client's usage is refused", () => {
  const usages = ["digital signature", "server auth", "client auth"];
  assert.match(refusalOf(asked({ usages }), parseRequest(text), at("10.213.0.10")) ?? "", /client auth/);
});

test("a hybrid node's address must lie in the remote node networks", () => {
  const refusal = (networks: readonly string[]) => refusalOf(asked(), parseRequest(text), withinNetworks(networks));
  assert.equal(refusal(["10.250.0.0/24", "10.213.0.0/28"]), undefined);
  assert.match(refusal(["10.250.0.0/24"]) ?? "", /IP Address:10\.213\.0\.10/);
  assert.match(refusal([]) ?? "", /IP Address:10\.213\.0\.10/);
});

test("the remote node networks are nothing to a node of identity fargate", () => {
  const name = "fargate-ip-10-0-2-27.ec2.internal";
  const fargate = asked({ username: `system:node:${name}` });
  const names = text.replaceAll("satellite-1", name);
  assert.equal(refusalOf(fargate, parseRequest(names), withinNetworks([])), undefined);
});
