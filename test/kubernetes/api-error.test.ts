import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ApiErrorTexts,
  answerError,
  codeOf,
  silenceError,
  thrownError,
} from "../../agent/kubernetes/api-error.ts";
import { nodeErrorTexts } from "../../agent/kubernetes/node-error-texts.ts";
import { sampleCluster } from "../fakes/samples.ts";

const TEXTS: ApiErrorTexts = nodeErrorTexts(sampleCluster());
const answer = (status: number, message: string) =>
  answerError(TEXTS, { request: "PATCH /api/v1/nodes/gpu-1", status, body: JSON.stringify({ message }) });

const cases: readonly (readonly [status: number, message: string, code: string])[] = [
  [401, "Unauthorized", "api-unauthorized"],
  [403, 'nodes is forbidden: User "system:node:gpu-2" cannot list resource "nodes"', "api-forbidden"],
  [403, 'nodes "gpu-1" is forbidden: node "gpu-2" is not allowed to modify node "gpu-1"', "api-forbidden"],
  [403, 'nodes "gpu-1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x', "api-denied"],
  [403, 'nodes "gpu-1" is forbidden: is not allowed to set the following labels: kubernetes.io/x', "api-denied"],
  [403, 'nodes "gpu-1" is forbidden: node "gpu-1" is not allowed to modify taints', "api-denied"],
  [403, 'pods "a" is forbidden: node "gpu-1" can only evict pods with spec.nodeName set to itself', "api-denied"],
  [403, 'admission webhook "policy.example.com" denied the request: no', "api-denied"],
  [403, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", "api-denied"],
  [
    403,
    'events "a" is forbidden: unable to create new content in namespace demo because it is being terminated',
    "api-denied",
  ],
  [403, 'events "a" is forbidden: exceeded quota: q, requested: count/events=1', "api-denied"],
  [403, "<html><title>403 Forbidden</title>", "api-denied"],
  [403, 'forbidden: User "system:anonymous" cannot get path "/api"', "api-forbidden"],
  [404, 'nodes "gpu-1" not found', "api-failed"],
  [409, "the object has been modified", "api-conflict"],
  [410, "too old resource version", "watch-ended"],
  [429, "too many requests", "api-failed"],
  [500, "etcd is away", "api-failed"],
  [503, "the server is currently unable to handle the request", "api-failed"],
];

for (const [status, message, code] of cases) {
  test(`${status} "${message}" is ${code}, and its message has the answer's words where they say more than the code`, () => {
    const error = answer(status, message);
    assert.equal(error.code, code);
    assert.equal(codeOf({ request: "x", status, message }), code);
    if (code !== "api-unauthorized") assert.ok(error.message.includes(message), error.message);
  });
}

test("a refusal of admission says what was refused, and nothing of another identity", () => {
  const { message, hint = "" } = answer(403, 'nodes "gpu-1" is forbidden: is not allowed to modify labels: a');
  assert.match(message, /denied PATCH \/api\/v1\/nodes\/gpu-1: .*modify labels: a/);
  assert.doesNotMatch(message + hint, /another|somebody|node\.name/);
});

test("an overloaded API server has answered: its status is in the message, which does not say that it is silent", () => {
  for (const status of [429, 500, 502, 503]) {
    const { message } = answer(status, "busy");
    assert.equal(message, `the API server answered ${status}: busy`);
  }
});

test("a silence is a certificate that is not trusted, or a name, port or timeout on the way", () => {
  const silence = (code: string) => silenceError(TEXTS, "GET /", Object.assign(new Error("x"), { code }));
  assert.equal(silence("SELF_SIGNED_CERT_IN_CHAIN").code, "api-untrusted");
  assert.equal(silence("ECONNREFUSED").code, "api-unreachable");
  assert.match(silence("ENOTFOUND").hint ?? "", /name servers/);
  assert.match(silence("ETIMEDOUT").hint ?? "", /public access CIDRs/);
});

test("what Kubernetes' own client throws is read by the same table", () => {
  const thrown = (code: unknown, body: unknown) =>
    thrownError(TEXTS, "get", Object.assign(new Error("x"), { code, body }));
  assert.equal(thrown(401, undefined).code, "api-unauthorized");
  assert.equal(thrown(409, '{"message":"modified"}').message, "another change was first: modified");
  assert.match(thrown(503, { message: "away" }).message, /answered 503: away/);
  assert.equal(thrown("ECONNREFUSED", undefined).code, "api-unreachable");
});

test("a body that is no Status is shown, cut", () => {
  const { message } = answerError(TEXTS, { request: "x", status: 502, body: `<html>${"a".repeat(1000)}` });
  assert.match(message, /answered 502: <html>a+$/);
  assert.ok(message.length < 300);
});
