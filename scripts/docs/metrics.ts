// docs/reference/metrics.md, from the families that a daemon's parts bring to /metrics.
import { code, codes, prose, renderPage, table } from "./markdown.ts";
import { listMetrics } from "./sample-metrics.ts";

/** Renders the page. */
export async function renderMetrics(): Promise<string> {
  const metrics = await listMetrics();
  return renderPage({
    title: "Metrics",
    from: "the parts' metrics()",
    intro:
      "What `/metrics` shows, in Prometheus' text format. A time is in seconds since 1970, and absent while it is not known; a histogram has the parts `_bucket`, `_sum` and `_count`.",
    sections: [
      table(
        ["metric", "type", "labels", "meaning"],
        metrics.map(({ name, type, labels, help }) => [code(name), type, codes(labels), prose(help)]),
      ),
      "The GPUs' metrics have no samples on a machine without GPUs.",
    ],
  });
}
