import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../agent/errors.ts";
import { readRuntimeConditions } from "../../agent/facts/cri.ts";
import type { GrpcResponse } from "../../agent/host/grpc.ts";
import { callGrpc } from "../../agent/host/grpc.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { encodeBytes, encodeRuntimeStatus } from "../fakes/runtime-status.ts";

const SOCKET = "/run/containerd/containerd.sock";

function read(answer: Partial<GrpcResponse>) {
  const host = new MemoryHost();
  host.onGrpc = () => ({ status: 0, statusMessage: "", message: new Uint8Array(), ...answer });
  return readRuntimeConditions(host, SOCKET);
}

/** Written by hand from the protobuf encoding: a runtime that is ready, and a condition that says nothing. */
const HAND_WRITTEN = Buffer.from(
  [
    "0a14", // StatusResponse.status, 20 bytes
    "0a10", // RuntimeStatus.conditions, 16 bytes
    "0a0c52756e74696d655265616479", // type: RuntimeReady
    "1001", // status: true
    "0a00", // a second condition without fields
  ].join(""),
  "hex",
);

test("conditions are decoded from the wire", async () => {
  assert.deepEqual(await read({ message: HAND_WRITTEN }), [
    { type: "RuntimeReady", isTrue: true, reason: "", message: "" },
    { type: "", isTrue: false, reason: "", message: "" },
  ]);
});

test("reason and message of an unready network are decoded, also when they are long", async () => {
  const unready = {
    type: "NetworkReady",
    isTrue: false,
    reason: "NetworkPluginNotReady",
    message: `cni plugin not initialized – ${"x".repeat(300)}`,
  };
  assert.deepEqual(await read({ message: encodeRuntimeStatus([unready]) }), [unready]);
});

test("fields of a later version of CRI are ignored", async () => {
  const known = encodeRuntimeStatus([{ type: "RuntimeReady", isTrue: true, reason: "", message: "" }]);
  const info = encodeBytes(2, Buffer.from("config"));
  const features = Buffer.from([(9 << 3) | 0, 0xff, 0x01]);
  const message = Buffer.concat([known, info, features]);
  assert.deepEqual(await read({ message }), [{ type: "RuntimeReady", isTrue: true, reason: "", message: "" }]);
});

test("bytes that are not protobuf are an error and not a guess", async () => {
  await assert.rejects(read({ message: Buffer.from([0x0a, 0xff]) }), { code: "runtime-failed" });
  await assert.rejects(read({ message: Buffer.from([0x0d, 1, 2, 3, 4]) }), {
    code: "runtime-failed",
    message: /wire type 5/,
  });
});

test("an answer that ends in the middle of a text is an error and not a guess", async () => {
  const whole = encodeRuntimeStatus([{ type: "RuntimeReady", isTrue: true, reason: "", message: "" }]);
  await assert.rejects(read({ message: whole.subarray(0, whole.length - 3) }), { code: "runtime-failed" });
});

test("a containerd without its CRI plugin gives another error than one that is down", async () => {
  await assert.rejects(read({ status: 12, statusMessage: "unknown service runtime.v1.RuntimeService" }), {
    code: "cri-disabled",
    hint: /disabled_plugins/,
  });
  const host = new MemoryHost();
  await assert.rejects(readRuntimeConditions(host, SOCKET), {
    code: "runtime-unreachable",
    message: `containerd does not answer on ${SOCKET}`,
    hint: /systemctl status containerd/,
  });
});

test("a socket that is not there is named once, followed by why", async () => {
  const host = new MemoryHost();
  const socket = "/run/eks-satellite-test/no.sock";
  host.onGrpc = (request) => callGrpc({ ...request, socket });
  const error = await readRuntimeConditions(host, socket).catch((thrown: unknown) => thrown);
  assert.equal(describe(error).message, `containerd does not answer on ${socket}: connect ENOENT`);
});

test("any other refusal is reported with containerd's message", async () => {
  await assert.rejects(read({ status: 2, statusMessage: "server is not initialized yet" }), {
    code: "runtime-failed",
    message: "containerd answered 2: server is not initialized yet",
  });
});

test("the runtime service of CRI v1 is asked on the given socket, and an answer without conditions is an error", async () => {
  const host = new MemoryHost();
  const calls: string[] = [];
  host.onGrpc = ({ socket, method, message }) => {
    calls.push(`${socket} ${method} ${message.length}`);
    return { status: 0, statusMessage: "", message: encodeRuntimeStatus([]) };
  };
  await assert.rejects(readRuntimeConditions(host, SOCKET), /without a condition/);
  assert.deepEqual(calls, [`${SOCKET} /runtime.v1.RuntimeService/Status 0`]);
});

const UNKNOWN = { status: 12, statusMessage: "unknown service runtime.v1.RuntimeService", message: new Uint8Array() };

/** A containerd that has CRI v1alpha2, and what it answers to Version there. */
function readOld(version: Partial<GrpcResponse>) {
  const host = new MemoryHost();
  host.onGrpc = ({ method }) =>
    method.startsWith("/runtime.v1alpha2.")
      ? { status: 0, statusMessage: "", message: new Uint8Array(), ...version }
      : UNKNOWN;
  return readRuntimeConditions(host, SOCKET);
}

test("a containerd before 1.6 is too old, and not one without CRI", async () => {
  const message = Buffer.concat([encodeBytes(2, Buffer.from("containerd")), encodeBytes(3, Buffer.from("1.4.13~ds1"))]);
  await assert.rejects(readOld({ message }), {
    code: "cri-outdated",
    message: "containerd 1.4.13~ds1 speaks CRI v1alpha2 alone, and kubelet asks for CRI v1",
    hint: /containerd 1\.6 or newer: containerd\.io/,
  });
});

test("a containerd whose old version does not answer either is one without CRI", async () => {
  await assert.rejects(readOld({ status: 12 }), { code: "cri-disabled" });
});
