// What the schema of CycloneDX 1.6 asks of the parts that our documents use; unknown keys are errors, as there.
import * as z from "zod";

const licences = z
  .array(
    z.union([
      z.strictObject({ license: z.strictObject({ id: z.string().regex(/^[\w.+-]+$/) }) }),
      z.strictObject({ expression: z.string().min(1) }),
    ]),
  )
  .min(1);

const component = z.strictObject({
  type: z.enum(["application", "library"]),
  "bom-ref": z.string().min(1),
  group: z.string().optional(),
  name: z.string().min(1),
  version: z.string().min(1),
  description: z.string().optional(),
  hashes: z
    .array(z.strictObject({ alg: z.literal("SHA-256"), content: z.string().regex(/^[0-9a-f]{64}$/) }))
    .optional(),
  licenses: licences,
  cpe: z.string().startsWith("cpe:2.3:a:").optional(),
  purl: z.string().regex(/^pkg:(npm|generic)\/[^@\s]+@[^@\s]+$/),
});

/** @see https://cyclonedx.org/schema/bom-1.6.schema.json */
export const bomSchema = z.strictObject({
  $schema: z.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    lifecycles: z.array(z.strictObject({ phase: z.literal("build") })),
    component,
  }),
  components: z.array(component),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** A document that the schema took. */
export type Bom = z.infer<typeof bomSchema>;
