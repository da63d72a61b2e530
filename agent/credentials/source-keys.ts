// Keys as a source spells them, checked once: no source's slip may reach a signature or a file of ours.
import { SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import { Secret } from "../secret.ts";

/** Keys as they were read; what is empty counts as absent. */
export interface WrittenKeys {
  readonly id: string;
  readonly secret: string;
  readonly token?: string | null | undefined;
  /** RFC 3339. */
  readonly expiration?: string | null | undefined;
}

/** Makes session keys of written ones; `origin` names the source in errors, which never show a value. @throws credentials-invalid */
export function toSessionKeys({ id, secret, token, expiration }: WrittenKeys, origin: string): SessionKeys {
  if ([id, secret, token ?? ""].some((value) => /\s/.test(value))) {
    throw new SatelliteError("credentials-invalid", `the keys of ${origin} have a blank or a line break in them`, {
      hint: "Copy them again, each whole and on one line.",
    });
  }
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    ...(token ? { sessionToken: new Secret(token) } : {}),
    expiresAtMs: expiration ? parseMoment(expiration, origin) : undefined,
  };
}

function parseMoment(text: string, origin: string): number {
  const moment = Date.parse(text);
  if (Number.isNaN(moment) || !/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    throw new SatelliteError("credentials-invalid", `${origin} says something else than a time for when its keys end`, {
      hint: "Write it as 2026-01-02T03:04:05Z, or leave it out.",
    });
  }
  return moment;
}
