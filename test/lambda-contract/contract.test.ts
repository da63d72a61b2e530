import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { ANSWERS } from "../../agent/admin/lambda/shapes.ts";
import { Secret } from "../../agent/secret.ts";
import { WIRE_INSTANCE } from "../fakes/lambda-answers.ts";
import { startLambda } from "../fakes/lambda-server.ts";
import { compareWithShape } from "./compare.ts";
import { checkContract } from "./contract.ts";

test("the sandbox's Lambda fits, and is asked by GET alone", async (context) => {
  const { host, access } = await startLambda(context);
  const printed: string[] = [];
  const methods = new Set<string>();
  const watched = {
    ...host,
    fetch: (request: Parameters<typeof host.fetch>[0]) => {
      methods.add(request.method ?? "GET");
      return host.fetch(request);
    },
  };
  assert.equal(await checkContract(watched, access, (line) => printed.push(line)), true, printed.join("\n"));
  assert.deepEqual([...methods], ["GET"]);
  assert.match(printed.join("\n"), /^GET \/instance-types {2}fits, \d+ keys$/m);
  assert.match(printed.join("\n"), /^GET \/ssh-keys {2}fits, 1 there$/m);
  assert.equal(printed.at(-1), "every answer fits");
});

test("a key that is not known is said, call by call", async (context) => {
  const { host, access } = await startLambda(context);
  const printed: string[] = [];
  const wrong = { ...access, key: new Secret("wrong-key") };
  assert.equal(await checkContract(host, wrong, (line) => printed.push(line)), false);
  assert.match(printed.join("\n"), /^GET \/images {2}FAILED: .*global\/invalid-api-key/m);
  assert.ok(!printed.join("\n").includes("wrong-key"));
});

test("what is new, wrong and absent is named by its path, without a value", () => {
  const { ip: _, ...rest } = WIRE_INSTANCE;
  const answer = [
    { ...rest, ip: null, something: "secret-1", region: { ...rest.region, zone: "secret-2" }, status: 7 },
    { ...rest, status: 8 },
  ];
  const differences = compareWithShape(ANSWERS["GET /instances"], answer);
  assert.deepEqual(differences.unknown, ["data[].region.zone", "data[].something"]);
  assert.ok(differences.absent.includes("data[].ip"));
  assert.ok(!differences.absent.includes("data[].name"));
  assert.equal(differences.wrong.length, 1, "two elements with one fault are one line");
  assert.match(differences.wrong[0] ?? "", /^data\[\]\.status: /);
  assert.ok(!/secret|jupyter-1/.test(JSON.stringify(differences)));
});

test("a map's keys are values too", () => {
  const shape = z.record(z.string(), z.looseObject({ a: z.number() }));
  const { unknown, wrong } = compareWithShape(shape, { name: { a: 1, b: 2 }, other: { b: 2, a: "x" } });
  assert.deepEqual(unknown, ["data.*.b"]);
  assert.match(wrong[0] ?? "", /^data\.other\.a: /);
});

test("an answer of another kind is wrong as a whole", () => {
  for (const data of [undefined, null, "text", 1])
    assert.equal(compareWithShape(ANSWERS["GET /instances"], data).wrong.length, 1);
});
