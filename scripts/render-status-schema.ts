// status.schema.json, the JSON Schema of /status, from the zod schema. Run it to write the file again.
import { writeFileSync } from "node:fs";
import * as z from "zod";
import { statusSchema } from "../agent/health/status-schema.ts";

/** Renders the JSON Schema document. */
export function renderStatusSchema(): string {
  return `${JSON.stringify({ title: "eks-satellite /status", ...z.toJSONSchema(statusSchema) }, undefined, 2)}\n`;
}

if (import.meta.main)
  writeFileSync(new URL("../agent/health/status.schema.json", import.meta.url), renderStatusSchema());
