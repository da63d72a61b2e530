// docs/reference/ and docs/images/ are what the code's own tables render, and leave nothing out.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { renderDocs } from "../../scripts/render-docs.ts";
import { STAGES } from "../architecture/stages.ts";
import { TOP } from "./markdown.ts";
import { readCodes, toReason } from "./reasons.ts";

const rendered = await renderDocs();
const page = (name: string) => rendered.get(`docs/reference/${name}.md`) ?? "";

for (const [path, text] of rendered)
  test(`${path} is what the code's tables render`, () => {
    assert.ok(existsSync(join(TOP, path)), `there is no ${path}: run node scripts/render-docs.ts`);
    assert.equal(readFileSync(join(TOP, path), "utf8"), text, "run node scripts/render-docs.ts");
  });

test("nothing else is there: a page that is not rendered any more is removed", () => {
  const present = globSync(["docs/reference/*", "docs/images/*"], { cwd: TOP }).toSorted();
  assert.deepEqual(present, [...rendered.keys()].toSorted());
});

test("to render again gives the same bytes", async () => {
  assert.deepEqual(await renderDocs(), rendered);
});

test("no page names a path or the name of the machine that rendered it", () => {
  for (const [path, text] of rendered) {
    assert.ok(!text.includes(TOP), path);
    assert.ok(!text.includes(hostname()) || hostname().length < 6, path);
  }
});

test("every code of an error stands in the page of errors, with its reason", () => {
  const codes = readCodes();
  assert.ok(codes.length > 100);
  const missing = codes.filter((code) => !page("errors").includes(`| \`${code}\` | \`${toReason(code)}\` |`));
  assert.deepEqual(missing, []);
});

test("every code of a fault of GPUs stands in the page of GPU faults", () => {
  const source = ["gpu-faults.ts", "reading-faults.ts"]
    .map((name) => readFileSync(join(TOP, "agent/gpu", name), "utf8"))
    .join("");
  // The driver's problems are GpuDriver's, and a GPU that cannot be opened is reported as lost.
  const notFaults = /driver-|library-missing|nvidia-smi-missing|gpu-unreachable/;
  const codes = readCodes().filter((code) => source.includes(`"${code}"`) && !notFaults.test(code));
  assert.ok(codes.length > 12);
  const missing = codes.filter((code) => !page("gpu-faults").includes(`| \`${code}\` |`));
  assert.deepEqual(missing, []);
});

test("the pictures are whole: each has a title and a background, and its text no markup", () => {
  const pictures = [...rendered].filter(([path]) => path.endsWith(".svg"));
  assert.equal(pictures.length, 5);
  for (const [path, svg] of pictures) {
    assert.match(svg, /<title>[^<]+<\/title>/, path);
    assert.match(svg, /<rect x="0\.5" y="0\.5" [^>]*fill="#[0-9a-f]{6}"/, path);
    for (const [, text = ""] of svg.matchAll(/<text[^>]*>(.*?)<\/text>/gs)) assert.doesNotMatch(text, /[<>]|&(?!\w+;)/);
  }
});

test("the picture of status shows what the command prints: verdict, every condition, and what comes next", () => {
  const svg = rendered.get("docs/images/status.svg") ?? "";
  // The node of the picture has no GPU, certificate or tunnel, and status shows nothing of what a machine does not have or use.
  const isHidden = (type: string) =>
    /^(?:Gpu|CertificateValid|Tunnel|ControlPlaneRoute|PodNetwork|Services|ClusterDns|DnsCache)/.test(type);
  for (const type of CONDITION_TYPES) assert.equal(svg.includes(`>${type}<`), !isHidden(type), type);
  for (const words of ["● ready", "Next:", "kubectl get node satellite-1"])
    assert.ok(svg.includes(words.replace("● ", "")), words);
});

test("the picture of the pipeline has every room", () => {
  const svg = rendered.get("docs/images/pipeline.svg") ?? "";
  for (const room of STAGES.slice(1).flat()) assert.ok(svg.includes(`>${room}<`), room);
});
