import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { renderKubeconfig } from "../../agent/plan/kubeconfig.ts";
import { sampleCluster } from "../fakes/samples.ts";

test("Kubernetes' own reader finds the endpoint, the CA's file and the token's file, and no secret", () => {
  const text = renderKubeconfig(sampleCluster(), "/run/eks-satellite/token");
  const read = new KubeConfig();
  read.loadFromString(text);
  const { server, caFile, skipTLSVerify } = read.getCurrentCluster() ?? {};
  assert.deepEqual(
    [server, caFile, skipTLSVerify],
    ["https://ABC.gr7.us-west-2.eks.amazonaws.com", "/etc/kubernetes/pki/ca.crt", false],
  );
  assert.equal(read.getCurrentUser()?.name, "kubelet");
  assert.equal(read.getCurrentUser()?.token, undefined);
  assert.match(text, /tokenFile: \/run\/eks-satellite\/token/);
});
