// The files around the code: each parses, and what it names is there.
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";

const TOP = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(TOP, path), "utf8");
const isThere = (path: string) => existsSync(join(TOP, path));

const manifest = JSON.parse(read("package.json"));

/** The scripts of ours that a text names, such as `scripts/test`. */
function scriptsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/(?<![\w./-])scripts\/[\w./-]*\w/g), ([path]) => path);
}

function assertScriptsExist(where: string, text: string): void {
  for (const path of scriptsIn(text)) assert.ok(isThere(path), `${where} names ${path}, which is not there`);
}

/** The patterns of a file in the manner of .gitignore, each with the rest of its line. */
function readPatterns(path: string): readonly (readonly [pattern: string, rest: string])[] {
  const lines = read(path)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [pattern = "", ...rest] = line.split(/\s+/);
    return [pattern, rest.join(" ")];
  });
}

/** Whether such a pattern matches any file. */
function matchesAny(pattern: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("/")) return isThere(pattern.slice(1));
  const glob = pattern.includes("/") ? pattern : `**/${pattern}`;
  return globSync(glob, { cwd: TOP, exclude: (path) => path === "node_modules" || path === "dist" }).length > 0;
}

test("every npm script runs a script that is there, and `npm test` leaves the sandbox out", () => {
  for (const [name, command] of Object.entries<string>(manifest.scripts)) {
    assert.ok(scriptsIn(command).length > 0, `npm run ${name} runs nothing of scripts/`);
    assertScriptsExist(`npm run ${name}`, command);
  }
  assert.equal(manifest.scripts.test, "scripts/test --fast");
});

test("package.json and the installer give one address of the project", () => {
  const [, address = ""] =
    /BASE_URL=\$\{EKS_SATELLITE_BASE_URL:-(.*)\/releases\}/.exec(read("packaging/install.sh")) ?? [];
  assert.deepEqual(
    [manifest.repository.url, manifest.bugs.url, manifest.homepage],
    [`git+${address}.git`, `${address}/issues`, `${address}#readme`],
  );
});

test("the first entry of package-lock.json says what package.json says", () => {
  const { packages } = JSON.parse(read("package-lock.json"));
  const { name, version, license, bin, engines, dependencies, devDependencies, optionalDependencies } = manifest;
  assert.deepEqual(packages[""], {
    ...{ name, version, license, bin, engines },
    ...{ dependencies, devDependencies, optionalDependencies },
  });
});

test("development and both packages have one version of Node", () => {
  const versions = Object.values(manifest.optionalDependencies);
  assert.deepEqual(versions, Array(2).fill(read(".nvmrc").trim()));
});

interface Job {
  readonly "timeout-minutes"?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}

interface Workflow {
  readonly name: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = globSync(".github/workflows/*.yml", { cwd: TOP }).map((path): readonly [string, Workflow] => [
  path,
  parse(read(path)),
]);

test("a workflow runs scripts that are there, ends in time, and names a version of every action", () => {
  assert.deepEqual(workflows.map(([, { name }]) => name).toSorted(), ["check", "release", "test"]);
  for (const [path, { jobs }] of workflows)
    for (const [name, job] of Object.entries(jobs)) {
      assert.ok(job["timeout-minutes"], `${path}: job ${name} has no timeout-minutes`);
      for (const { run = "", uses } of job.steps) {
        assertScriptsExist(path, run);
        if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/, path);
      }
    }
});

test("a workflow may write nothing, but for the job that drafts a release and runs no code of the repository", () => {
  const writers = workflows.flatMap(([path, { permissions, jobs }]) => {
    assert.ok(permissions, `${path} has no permissions of its own`);
    const all = [
      [path, permissions] as const,
      ...Object.entries(jobs).map(([name, job]) => [name, job.permissions ?? {}] as const),
    ];
    return all.filter(([, rights]) => Object.values(rights).some((right) => right !== "read")).map(([name]) => name);
  });
  assert.deepEqual(writers, ["publish"]);
  const publish = workflows.find(([, { name }]) => name === "release")?.[1].jobs.publish;
  assert.ok(publish);
  for (const { run = "", uses = "" } of publish.steps) {
    assert.deepEqual(scriptsIn(run), []);
    assert.ok(!uses.startsWith("actions/checkout@"), "the job with the rights checks the repository out");
  }
});

interface Field {
  readonly type: string;
  readonly id?: string;
  readonly attributes: { readonly label?: string; readonly value?: string; readonly description?: string };
  readonly validations?: { readonly required: boolean };
}

/** @see https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema */
function readForm(name: string): readonly Field[] {
  const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`));
  for (const key of ["name", "description", "body"]) assert.ok(form[key], `${name} has no ${key}`);
  const fields: readonly Field[] = form.body;
  for (const { type, id, attributes } of fields) {
    assert.ok(["markdown", "textarea", "input", "dropdown", "checkboxes"].includes(type), `${name}: type ${type}`);
    if (type === "markdown") assert.ok(attributes.value, `${name}: a markdown element has no value`);
    else assert.ok(attributes.label && id && /^[\w-]+$/.test(id), `${name}: ${id} has no label or no id`);
  }
  const ids = fields.map(({ id }) => id).filter((id) => id !== undefined);
  assert.deepEqual(ids, [...new Set(ids)], `${name}: two elements have one id`);
  return fields;
}

test("a bug report asks for what finds the fault, in the words of commands that exist", () => {
  const fields = readForm("bug_report.yml");
  const required = fields.filter(({ validations }) => validations?.required).map(({ id }) => id);
  assert.deepEqual(required, ["what", "status", "bundle", "version", "cloud", "gpu"]);
  const text = read(".github/ISSUE_TEMPLATE/bug_report.yml");
  const commands = Array.from(text.matchAll(/`(?:sudo )?eks-satellite ([a-z-]+)/g), ([, command]) => command);
  assert.ok(commands.includes("bundle"));
  const verbs = [...readdirSync(join(TOP, "agent/commands")).map((file) => file.replace(".ts", "")), "version"];
  for (const command of commands) assert.ok(command && verbs.includes(command), `there is no command ${command}`);
});

test("a feature request asks for the work first, and the chooser leads to the docs and away from public reports of vulnerabilities", () => {
  assert.deepEqual(readForm("feature_request.yml")[0]?.validations, { required: true });
  const { contact_links: links } = parse(read(".github/ISSUE_TEMPLATE/config.yml"));
  for (const { name, url, about } of links) assert.ok(name && about && url.startsWith("https://"), name);
  const urls: readonly string[] = links.map(({ url }: { url: string }) => url);
  assert.ok(urls.some((url) => url.includes("/docs")));
  const report = urls.find((url) => url.endsWith("/security/advisories/new")) ?? "";
  assert.ok(report && read("SECURITY.md").includes(report), "SECURITY.md gives the same address");
});

test("what a capability lands with is the same in CONTRIBUTING.md and in the pull request's list", () => {
  const template = read(".github/PULL_REQUEST_TEMPLATE.md");
  const [, list = ""] = read("CONTRIBUTING.md").split("Every capability lands with:");
  for (const word of [
    "tests",
    "docs/",
    "config.example.yaml",
    "condition",
    "metric",
    "check",
    "reset",
    "CHANGELOG.md",
  ]) {
    assert.ok(list.includes(word), `CONTRIBUTING.md's list lacks ${word}`);
    assert.ok(template.includes(word), `the pull request's list lacks ${word}`);
  }
});

test("CONTRIBUTING.md is short, names every room of agent/, and only commands that are there", () => {
  const text = read("CONTRIBUTING.md");
  assert.ok(text.split("\n").length <= 121, "at most 120 lines: longer texts belong into docs/development");
  assertScriptsExist("CONTRIBUTING.md", text);
  for (const [, name = ""] of text.matchAll(/`npm (?:run )?([\w:-]+)`/g))
    assert.ok(name in manifest.scripts, `package.json has no script ${name}`);
  const order = (/\n {4}errors,.*\n.*main\.ts\n/.exec(text)?.[0] ?? "").split(/[\s,→]+/);
  const rooms = readdirSync(join(TOP, "agent"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of rooms) assert.ok(order.includes(name), `the order of the rooms lacks ${name}`);
});

test("every path of CODEOWNERS and of .gitattributes is there", () => {
  for (const [pattern, owners] of readPatterns(".github/CODEOWNERS")) {
    assert.ok(matchesAny(pattern), `CODEOWNERS: nothing matches ${pattern}`);
    assert.match(owners, /^(@[\w-]+\/[\w-]+ ?)+$/, `CODEOWNERS: ${pattern} has no team`);
  }
  const attributes = readPatterns(".gitattributes").filter(([, text]) => text.includes("linguist-generated"));
  assert.ok(attributes.length > 0);
  for (const [pattern] of attributes) assert.ok(matchesAny(pattern), `.gitattributes: nothing matches ${pattern}`);
});

test("every rule of renovate.json is for something that is there, and every Go module has one", () => {
  const { packageRules } = JSON.parse(read("renovate.json"));
  const known = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((key) =>
    Object.keys(manifest[key]),
  );
  const files = globSync(["test/sandbox/go/*/go.mod", "test/conformance/go/go.mod"], { cwd: TOP });
  const patterns = (key: string): readonly string[] =>
    packageRules.flatMap((rule: Record<string, readonly string[]>) => rule[key] ?? []);
  for (const pattern of patterns("matchPackageNames"))
    assert.ok(
      ["node", ...known].some((name) => matchesGlob(name, pattern)),
      `no package is named ${pattern}`,
    );
  for (const pattern of patterns("matchFileNames"))
    assert.ok(
      files.some((file) => matchesGlob(file, pattern)),
      `no file matches ${pattern}`,
    );
  for (const file of files)
    assert.ok(
      patterns("matchFileNames").some((pattern) => matchesGlob(file, pattern)),
      `no rule is for ${file}`,
    );
});

test("the devcontainer is built from a file that is there, and may do what the sandbox needs", () => {
  const settings = JSON.parse(read(".devcontainer/devcontainer.json"));
  assert.ok(isThere(join(".devcontainer", settings.build.dockerfile)));
  assert.ok(settings.runArgs.includes("--privileged") && settings.remoteUser === "root");
  assertScriptsExist("devcontainer.json", `${settings.postCreateCommand} ${settings.postAttachCommand}`);
  assert.match(settings.postAttachCommand, /scripts\/sandbox up/);
});

test("scripts/test gives every shell script to shellcheck", async () => {
  const [, list = ""] = /\nshell_scripts=\(([^)]*)\)/.exec(read("scripts/test")) ?? [];
  const { stdout } = await execa("bash", ["-c", `printf '%s\\n' ${list.replaceAll("\n", " ")}`]);
  const scripts = globSync(["scripts/*", ".ci/*", "systemd/*", "packaging/**", "test/golden/**/*.sh"], {
    cwd: TOP,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(TOP.length + 1))
    .filter((path) => /^#!.*\b(ba)?sh\b/.test(read(path)));
  assert.deepEqual(stdout.split("\n").toSorted(), scripts.toSorted());
});
