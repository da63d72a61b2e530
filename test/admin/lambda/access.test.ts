import assert from "node:assert/strict";
import { test } from "node:test";
import { readLambdaAccess } from "../../../agent/admin/lambda/access.ts";
import { describe } from "../../../agent/errors.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const FILE = "/home/user/key";
const SKYPILOT = "/home/user/.lambda_cloud/lambda_keys";

function setUp(files: Readonly<Record<string, string>> = {}, mode = 0o600) {
  const host = new MemoryHost();
  for (const [path, text] of Object.entries(files)) host.files.put(path, text, { mode });
  return (environment: Readonly<Record<string, string>> = {}, file?: string) =>
    readLambdaAccess(host, environment, file);
}

test("the key is that of the file that is named, then of the variable, then of SkyPilot's file", async () => {
  const read = setUp({ [FILE]: "from-the-file\n", [SKYPILOT]: "api_key = from-skypilot\n" });
  const environment = { LAMBDA_API_KEY: " from-the-variable ", HOME: "/home/user" };
  for (const [access, value, source] of [
    [await read(environment, FILE), "from-the-file", FILE],
    [await read(environment), "from-the-variable", "LAMBDA_API_KEY"],
    [await read({ ...environment, LAMBDA_API_KEY: "" }), "from-skypilot", SKYPILOT],
  ] as const) {
    assert.equal(access.key.reveal(), value);
    assert.equal(access.keySource, source);
    assert.ok(!JSON.stringify(access).includes(value));
  }
});

for (const text of [
  "secret_demo_0123.AbC",
  "\n secret_demo_0123.AbC \n",
  "api_key = secret_demo_0123.AbC\n",
  "# comment\napi_key=secret_demo_0123.AbC\nother = 1\n",
  'export LAMBDA_API_KEY="secret_demo_0123.AbC"\n',
  "LAMBDA_API_KEY='secret_demo_0123.AbC'\r\n",
])
  test(`a file with ${JSON.stringify(text)} holds that key`, async () => {
    const { key } = await setUp({ [FILE]: text })({}, FILE);
    assert.equal(key.reveal(), "secret_demo_0123.AbC");
  });

for (const text of ["", "two words", "api_key = \n", "k".repeat(513), "schlüssel", "a\nb"])
  test(`a file with ${JSON.stringify(text.slice(0, 20))} holds none, and is not shown`, async () => {
    const error = await setUp({ [FILE]: text })({}, FILE).catch(describe);
    assert.equal((error as { code: string }).code, "lambda-key-unreadable");
    assert.ok(text === "" || !JSON.stringify(error).includes(text));
  });

test("a file that others may read is refused", async () => {
  const read = setUp({ [FILE]: "key", [SKYPILOT]: "api_key = key" }, 0o644);
  await assert.rejects(read({}, FILE), { code: "credentials-exposed", hint: /chmod 600 .*rotate/ });
  await assert.rejects(read({ HOME: "/home/user" }), { code: "credentials-exposed" });
});

test("without a key it says where to get one, and where one is looked for", async () => {
  await assert.rejects(setUp()({ HOME: "/home/user" }), { code: "lambda-key-missing", hint: /api-keys.*lambda_keys/ });
  await assert.rejects(setUp()({}), { code: "lambda-key-missing" });
  await assert.rejects(setUp()({ LAMBDA_API_KEY: "k" }, "/none"), { code: "lambda-key-missing", message: /\/none/ });
});

for (const [value, expected] of [
  [undefined, "https://cloud.lambda.ai/api/v1"],
  ["", "https://cloud.lambda.ai/api/v1"],
  ["https://cloud.lambdalabs.com", "https://cloud.lambdalabs.com/api/v1"],
  ["https://lambda.example:8443/api/v1//", "https://lambda.example:8443/api/v1"],
] as const)
  test(`LAMBDA_CLOUD_BASE_URL ${value ?? "left out"} is ${expected}`, async () => {
    const environment = { LAMBDA_API_KEY: "k", ...(value === undefined ? {} : { LAMBDA_CLOUD_BASE_URL: value }) };
    assert.equal((await setUp()(environment)).baseUrl, expected);
  });

for (const value of [
  "http://cloud.lambda.ai/api/v1",
  "cloud.lambda.ai",
  "https://user:pw@h/",
  "https://h/?a=b",
  "file:///x",
])
  test(`LAMBDA_CLOUD_BASE_URL ${value} is refused, without its value`, async () => {
    const error = await setUp()({ LAMBDA_API_KEY: "k", LAMBDA_CLOUD_BASE_URL: value }).catch(describe);
    assert.equal((error as { code: string }).code, "lambda-url-invalid");
    assert.ok(!(error as { message: string }).message.includes(value));
  });
