// What is in the bundle: of AWS's clients the calls that the program makes, since the daemon holds all of the file.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { type BundleFile, makeBundle, writeWhole } from "../../scripts/bundle.ts";
import { PROGRAM_FILES } from "../../scripts/bundle-beside.ts";

const CERTIFICATES = join(import.meta.dirname, "../fixtures/certificates");

/** What a node's machine loads, one or the other. */
const OF_A_MACHINE = ["eks-satellite-daemon.mjs", "eks-satellite-commands.mjs"];

function textOf(files: readonly BundleFile[], wanted: string): string {
  return Buffer.from(files.find(({ name }) => name === wanted)?.content ?? []).toString();
}

test("the bundle has the calls to AWS that the program makes, and none of the thousand others", async () => {
  const { files, metafile } = await makeBundle();
  const text = ["daemon", "commands"].map((part) => textOf(files, `eks-satellite-${part}.mjs`)).join("\n");
  for (const call of ["AssumeRole", "DescribeCluster", "GetRolePolicy", "DescribeNetworkInterfaces", "RunInstances"])
    assert.ok(text.includes(`"${call}"`), call);
  for (const call of ["GetFederationToken", "ListNodegroups", "ListVirtualMFADevices", "CreateVpc"])
    assert.ok(!text.includes(`"${call}"`), call);
  const clients = Object.keys(metafile.inputs).filter((path) => /@aws-sdk\/client-\w+\//.test(path));
  assert.deepEqual(
    clients.map((path) => path.replace(/.*@aws-sdk\//, "")).toSorted(),
    ["ec2", "eks", "iam", "sts"].map((name) => `client-${name}/dist-es/index.js`),
    "a bill of materials is made of these paths",
  );
});

test("Kubernetes' own client is in a file beside the daemon's, which imports it when an administrator needs it", async () => {
  const { files, metafile } = await makeBundle();
  assert.deepEqual(
    files.map(({ name }) => name),
    PROGRAM_FILES.flatMap((name) => [`${name}.mjs`, `${name}.mjs.map`]),
  );
  const packagesOf = (name: string) =>
    Object.keys(metafile.outputs[`dist/${name}`]?.inputs ?? {}).filter((path) =>
      /\/(@kubernetes\/client-node|undici|ws)\//.test(path),
    );
  for (const name of OF_A_MACHINE) assert.deepEqual(packagesOf(name), []);
  assert.ok(packagesOf("eks-satellite-kubernetes.mjs").length > 10);
  assert.match(textOf(files, "eks-satellite-admin.mjs"), /\bimport\("\.\/eks-satellite-kubernetes\.mjs"\)/);
});

const ADMINISTRATORS =
  /^agent\/(admin\/(clusters|kube-proxy|lambda|machine|user-data|verify)|commands\/(authorize|revoke|eni|clusters|user-data|verify))\b/;

test("an administrator's commands are in a file of their own, and the daemon's and a machine's hold none of them", async () => {
  const { files, metafile } = await makeBundle();
  const sourcesOf = (name: string) =>
    Object.keys(metafile.outputs[`dist/${name}`]?.inputs ?? {}).filter((path) => ADMINISTRATORS.test(path));
  for (const name of OF_A_MACHINE) assert.deepEqual(sourcesOf(name), []);
  assert.ok(sourcesOf("eks-satellite-admin.mjs").length > 50);
  assert.match(textOf(files, "eks-satellite-commands.mjs"), /\bimport\("\.\/eks-satellite-admin\.mjs"\)/);
});

/** What only other commands than `run` need. */
const NOT_THE_DAEMONS = /^agent\/(bundle|reset|explain|commands\/(check|status|plan|configure|reset))\b/;

test("the daemon's file holds no other command, the commands' file no daemon, and the program a word of each", async () => {
  const { files, metafile } = await makeBundle();
  const sourcesOf = (name: string) => Object.keys(metafile.outputs[`dist/${name}`]?.inputs ?? {});
  const daemon = sourcesOf("eks-satellite-daemon.mjs");
  assert.deepEqual(
    daemon.filter((path) => NOT_THE_DAEMONS.test(path)),
    [],
  );
  assert.ok(daemon.includes("agent/agent.ts"));
  const commands = sourcesOf("eks-satellite-commands.mjs");
  assert.ok(commands.filter((path) => NOT_THE_DAEMONS.test(path)).length > 20);
  assert.deepEqual(
    commands.filter((path) => /^agent\/(agent|loops|reactions)\.ts$/.test(path)),
    [],
  );
  assert.deepEqual(sourcesOf("eks-satellite.mjs"), ["agent/main.ts"]);
  const { length } = textOf(files, "eks-satellite-daemon.mjs");
  assert.ok(length < 1_500_000, `${length} characters, which the daemon holds all of`);
});

test("systeminformation is in a file beside the daemon's, which holds none of it", async () => {
  const { files, metafile } = await makeBundle();
  const holding = Object.entries(metafile.outputs)
    .filter(([, { inputs }]) => Object.keys(inputs).some((path) => path.includes("/systeminformation/")))
    .map(([name]) => name);
  assert.deepEqual(holding, ["dist/eks-satellite-hardware.mjs"]);
  assert.match(textOf(files, "eks-satellite-commands.mjs"), /\bimport\("\.\/eks-satellite-hardware\.mjs"\)/);
});

test("the texts of `explain` are in a file of their own", async () => {
  const { files } = await makeBundle();
  const text = "The gateway answered before";
  assert.ok(textOf(files, "eks-satellite-explain.mjs").includes(text));
  for (const name of OF_A_MACHINE) assert.ok(!textOf(files, name).includes(text), name);
  assert.match(textOf(files, "eks-satellite-commands.mjs"), /\bimport\("\.\/eks-satellite-explain\.mjs"\)/);
});

test("the client in its file reaches a server, and leaves nothing open that keeps the process alive", async () => {
  const { files } = await makeBundle();
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  try {
    for (const { name, content } of files) await writeFile(join(folder, name), content);
    const server = `
      import { createServer } from "node:https";
      import { readFileSync } from "node:fs";
      import { createAdminKubernetes } from "${folder}/eks-satellite-kubernetes.mjs";
      const [cert, key] = ["pem", "key"].map((end) => readFileSync("${CERTIFICATES}/localhost." + end, "utf8"));
      const metadata = { resourceVersion: "7" };
      const server = createServer({ cert, key }, (_, response) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify({ metadata, data: { a: "b" } }));
      }).listen(0, "127.0.0.1", async () => {
        server.unref();
        const endpoint = "https://localhost:" + server.address().port;
        const mintToken = async () => ({ reveal: () => "t" });
        const api = createAdminKubernetes({ kind: "token", name: "demo", endpoint, caPem: cert, mintToken }, () => undefined);
        console.log((await api.readConfigMap({ namespace: "kube-system", name: "aws-auth" })).data.a);
      });`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "-"], { input: server, timeout: 20_000 });
    assert.equal(stdout, "b");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the bundle is a program of its own, as the `bin` of package.json needs it", async () => {
  const { files } = await makeBundle("9.8.7");
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  const program = join(folder, "eks-satellite.mjs");
  try {
    for (const { name, content } of files) await writeFile(join(folder, name), content, { mode: 0o755 });
    assert.equal((await execa(program, ["version"])).stdout, "9.8.7");
    assert.match((await execa(program, ["run", "--help"])).stdout, /^Usage: eks-satellite run /);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a file that is being replaced is read whole, the old one or the new one", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-bundle-"));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "program.mjs");
  const contents = ["a", "b"].map((letter) => Buffer.alloc(4e6, letter));
  await writeWhole(path, contents[0] ?? "");
  let isWriting = true;
  const writer = (async () => {
    for (let round = 0; round < 20; round++) await writeWhole(path, contents[round % 2] ?? "");
    isWriting = false;
  })();
  let reads = 0;
  for (; isWriting; reads++) {
    const read = await readFile(path);
    assert.ok(
      contents.some((content) => content.equals(read)),
      `read ${reads} has ${read.length} bytes`,
    );
  }
  await writer;
  assert.ok(reads > 0);
  assert.deepEqual(await readdir(folder), ["program.mjs"]);
});
