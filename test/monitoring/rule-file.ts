// The alerts, as the PrometheusRule has them and as Prometheus itself wants them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";

export const MONITORING = join(import.meta.dirname, "../../packaging/monitoring");

const alertSchema = z.strictObject({
  alert: z.string().regex(/^Satellite[A-Z]\w+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+m$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.url() }),
});

const resourceSchema = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PrometheusRule"),
  metadata: z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()) }),
  spec: z.strictObject({ groups: z.tuple([z.strictObject({ name: z.string(), rules: z.array(alertSchema).min(1) })]) }),
});

export type Alert = z.infer<typeof alertSchema>;

/** What Prometheus reads: the groups, without what is the Operator's. */
export function readRuleGroups(): z.infer<typeof resourceSchema>["spec"] {
  return resourceSchema.parse(parse(readFileSync(join(MONITORING, "prometheus-rules.yaml"), "utf8"))).spec;
}

export function readAlerts(): readonly Alert[] {
  return readRuleGroups().groups[0].rules;
}
