import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRule, isWorld, parseOpening, rulesOf } from "../../../agent/admin/machine/open.ts";

test("a port alone is TCP, and its network is given when the rules are made", () => {
  assert.deepEqual(parseOpening("8080"), { protocol: "tcp", ports: [8080, 8080], source: undefined });
  assert.deepEqual(parseOpening("udp:30000-30010:0.0.0.0/0"), {
    protocol: "udp",
    ports: [30_000, 30_010],
    source: "0.0.0.0/0",
  });
  assert.equal(parseOpening("tcp:22:198.51.100.7").source, "198.51.100.7/32");
  const rules = rulesOf([parseOpening("8080"), parseOpening("tcp:8080:203.0.113.7")], "203.0.113.7/32", "gpu-1");
  assert.deepEqual(rules.map(describeRule), ["tcp 8080 from 203.0.113.7/32"], "the same rule is made once");
  assert.equal(rules[0]?.description, "eks-satellite gpu-1");
});

test("what is no opening is refused with the form that it has", () => {
  for (const text of ["", "http", "tcp:", "0", "70000", "9-8", "tcp:80:10.0.0.1/8", "sctp:9", "80:::", "80:fe80::1"])
    assert.throws(() => parseOpening(text), { code: "options-invalid", hint: /tcp:8080/ }, text);
});

test("kubelet's port is never opened to the world, by a range either", () => {
  for (const text of ["10250:0.0.0.0/0", "10000-11000:0.0.0.0/0", "tcp:10250:128.0.0.0/1"])
    assert.throws(() => parseOpening(text), { code: "options-invalid", message: /kubelet's port 10250/ }, text);
  assert.equal(parseOpening("10250:203.0.113.0/24").source, "203.0.113.0/24");
  assert.equal(parseOpening("udp:10250:0.0.0.0/0").source, "0.0.0.0/0", "kubelet listens on TCP alone");
});

test("the world is a network that is larger than an organisation's", () => {
  assert.deepEqual(["0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24"].map(isWorld), [true, true, false]);
});
