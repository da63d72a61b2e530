import assert from "node:assert/strict";
import { test } from "node:test";
import { kubeletSchema, OWNED_KUBELET_FLAGS, OWNED_KUBELET_KEYS } from "../../agent/config/kubelet-schema.ts";

const messagesOf = (value: object) => kubeletSchema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

test("the user's own keys and flags pass with their values", () => {
  const { config, flags } = kubeletSchema.parse({
    config: { failSwapOn: false, evictionHard: { "memory.available": "1Gi" } },
    flags: { v: 4, "seccomp-default": true },
  });
  assert.deepEqual(config, { failSwapOn: false, evictionHard: { "memory.available": "1Gi" } });
  assert.deepEqual(flags, { v: 4, "seccomp-default": true });
});

test("every key and flag that the agent computes is refused by its name", () => {
  for (const key of OWNED_KUBELET_KEYS)
    assert.deepEqual(messagesOf({ config: { [key]: "x" } }), [`${key}: eks-satellite computes this itself; remove it`]);
  for (const flag of OWNED_KUBELET_FLAGS)
    assert.deepEqual(messagesOf({ flags: { [flag]: "x" } }), [
      `${flag}: eks-satellite computes this itself; remove it`,
    ]);
});

test("several of them are refused in one message", () => {
  assert.deepEqual(messagesOf({ config: { maxPods: 5, clusterDNS: [], failSwapOn: false } }), [
    "clusterDNS, maxPods: eks-satellite computes this itself; remove it",
  ]);
});

test("a version has three numbers, and no v", () => {
  assert.equal(kubeletSchema.parse({ version: "1.34.4" }).version, "1.34.4");
  for (const version of ["v1.34.4", "1.34", "1.34.4-eks-1", "2.0.0"])
    assert.deepEqual(messagesOf({ version }), ["must be a version such as 1.34.4"], version);
});
