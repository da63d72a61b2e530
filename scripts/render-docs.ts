// docs/reference/*.md, docs/images/*.svg and agent/explain/texts.json, from the code's own tables. Run it to write the files again.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderCompatibility, renderIamPermissions, renderNetworkPorts } from "./docs/access-pages.ts";
import { renderCis } from "./docs/cis.ts";
import { renderCli } from "./docs/cli.ts";
import { renderConfiguration, renderGatewayConfiguration } from "./docs/configuration.ts";
import { renderDashboardPicture } from "./docs/dashboard-picture.ts";
import { renderErrors } from "./docs/errors.ts";
import { renderExplainTexts } from "./docs/explain-texts.ts";
import { renderGpuFaults } from "./docs/gpu-faults.ts";
import { renderIndex } from "./docs/index-page.ts";
import { renderMetrics } from "./docs/metrics.ts";
import { renderNetworkPicture } from "./docs/network-picture.ts";
import { renderPipelinePicture } from "./docs/pipeline-picture.ts";
import { renderStatusPicture } from "./docs/status-picture.ts";
import { renderChecks, renderConditions, renderEvents, renderFiles, renderHttp } from "./docs/tables.ts";
import { renderTunnelPicture } from "./docs/tunnel-picture.ts";

/** The same sources as data, for `eks-satellite explain`. */
export const EXPLAIN_TEXTS = "agent/explain/texts.json";

type Render = () => string | Promise<string>;

/** In the order of the index: what is asked most comes first. */
const REFERENCE: Readonly<Record<string, Render>> = {
  "cli.md": renderCli,
  "configuration.md": renderConfiguration,
  "gateway.md": renderGatewayConfiguration,
  "conditions.md": renderConditions,
  "checks.md": renderChecks,
  "errors.md": renderErrors,
  "events.md": renderEvents,
  "gpu-faults.md": renderGpuFaults,
  "metrics.md": renderMetrics,
  "http.md": renderHttp,
  "files.md": renderFiles,
  "iam-permissions.md": renderIamPermissions,
  "network-ports.md": renderNetworkPorts,
  "compatibility.md": renderCompatibility,
  "cis-benchmark.md": renderCis,
};

const IMAGES: Readonly<Record<string, () => string>> = {
  "dashboard.svg": renderDashboardPicture,
  "network.svg": renderNetworkPicture,
  "pipeline.svg": renderPipelinePicture,
  "status.svg": renderStatusPicture,
  "tunnel.svg": renderTunnelPicture,
};

/** Renders every file, by its path from the root of the repository. */
export async function renderDocs(): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  for (const [name, render] of Object.entries(REFERENCE)) pages.set(name, await render());
  const files = [["README.md", renderIndex(pages)] as const, ...pages];
  const images = Object.entries(IMAGES).map(([name, render]) => [`docs/images/${name}`, render()] as const);
  return new Map([...files.map(([name, text]) => [`docs/reference/${name}`, text] as const), ...images]);
}

if (import.meta.main) {
  const top = join(import.meta.dirname, "..");
  // It comes first: the pages import the commands, and one of them imports it.
  writeFileSync(join(top, EXPLAIN_TEXTS), renderExplainTexts());
  for (const [path, text] of await renderDocs()) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
}
