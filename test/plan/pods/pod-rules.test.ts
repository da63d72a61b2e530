import assert from "node:assert/strict";
import { test } from "node:test";
import { planPodNat, podFilterRules } from "../../../agent/plan/pods/pod-rules.ts";

const PODS = ["10.250.16.0/25", "10.250.17.0/25"];

test("pods pass both ways through the tunnel, out of the machine, to the node, and back from a translated port", () => {
  assert.deepEqual(podFilterRules("routed", PODS.slice(0, 1), ["es0"]), [
    "-d 10.250.16.0/25 -i es0 -j ACCEPT",
    "-s 10.250.16.0/25 -o es0 -j ACCEPT",
    "-s 10.250.16.0/25 -i veth+ -j ACCEPT",
    "-d 10.250.16.0/25 -o veth+ -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT",
  ]);
});

test("another plugin's pods pass the tunnel, and everything else is the plugin's; the host's network needs nothing", () => {
  assert.equal(podFilterRules("none", PODS, ["es0"]).length, 4);
  assert.deepEqual(podFilterRules("host", PODS, ["es0"]), []);
  assert.deepEqual(
    [...planPodNat("none", PODS, ["es0"]), ...planPodNat("host", PODS, ["es0"]), ...planPodNat("routed", [], ["es0"])],
    [],
  );
});

test("what goes through the tunnel, or to another pod of this node, keeps the pod's address: those rules come first", () => {
  const [nat] = planPodNat("routed", PODS, ["es0"]);
  assert.deepEqual([nat?.table, nat?.parents], ["nat", ["POSTROUTING"]]);
  assert.deepEqual(nat?.rules, [
    "-o es0 -j RETURN",
    "-d 10.250.16.0/25 -j RETURN",
    "-d 10.250.17.0/25 -j RETURN",
    "-s 10.250.16.0/25 -j MASQUERADE",
    "-s 10.250.17.0/25 -j MASQUERADE",
  ]);
});
