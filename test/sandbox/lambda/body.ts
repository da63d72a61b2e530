// What comes with a request to the sandbox's Lambda, in the shape that it must have.
import type * as z from "zod";
import { invalid } from "./refusal.ts";

/** The body in its shape. @throws Refusal that names what is wrong */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}
