// Checks keys as a source writes them, so that no mistake of a source reaches a signature or a file of ours.
import { SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import { Secret } from "../secret.ts";

/** Keys as read. Empty values count as absent. */
export interface WrittenKeys {
  readonly id: string;
  readonly secret: string;
  readonly token?: string | null | undefined;
  /** RFC 3339. */
  readonly expiration?: string | null | undefined;
}

/** Converts written keys to session keys. `origin` names the source in errors, which never show a value. @throws credentials-invalid */
export function toSessionKeys({ id, secret, token, expiration }: WrittenKeys, origin: string): SessionKeys {
  if ([id, secret, token ?? ""].some((value) => /["']/.test(value))) {
    throw new SatelliteError("credentials-invalid", `the keys of ${origin} contain a quote`, {
      hint: "Write them without quotes: AWS CLI takes quotes of a profile for a part of the key.",
    });
  }
  if ([id, secret, token ?? ""].some((value) => /\s/.test(value))) {
    throw new SatelliteError("credentials-invalid", `the keys of ${origin} contain a blank or a line break`, {
      hint: "Copy them again, each complete and on one line.",
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
    throw new SatelliteError("credentials-invalid", `${origin} gives an expiry of its keys that is not a time`, {
      hint: "Write it as 2026-01-02T03:04:05Z, or leave it out.",
    });
  }
  return moment;
}
