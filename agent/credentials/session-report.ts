// The node's keys and token in /status and /metrics: when they expire, never their values.
import { type Family, family, timestamp } from "../board/metric-family.ts";
import { SatelliteError } from "../errors.ts";
import { isoTime } from "../time.ts";

/** Times in milliseconds since the epoch. */
export interface SessionTimes {
  readonly keys: { readonly expiresAtMs?: number | undefined } | undefined;
  readonly renewAtMs: number;
  readonly token: { readonly expiresAtMs: number } | undefined;
  readonly certificateExpiresAtMs: number | undefined;
}

export function sessionStatus({ keys, renewAtMs, token, certificateExpiresAtMs }: SessionTimes) {
  return {
    credentials: {
      keysExpireAt: isoTime(keys?.expiresAtMs),
      keysRenewAt: keys === undefined ? undefined : isoTime(renewAtMs),
      tokenExpiresAt: isoTime(token?.expiresAtMs),
      certificateExpiresAt: isoTime(certificateExpiresAtMs),
    },
  };
}

export function sessionMetrics(session: SessionTimes): readonly Family[] {
  return [
    family("gauge", "aws_keys_expiry_timestamp_seconds", "When the node's AWS keys expire.", () =>
      timestamp(session.keys?.expiresAtMs),
    ),
    family("gauge", "token_expiry_timestamp_seconds", "When kubelet's token expires.", () =>
      timestamp(session.token?.expiresAtMs),
    ),
    family(
      "gauge",
      "client_certificate_expiry_timestamp_seconds",
      "When the certificate of credentials.rolesAnywhere expires.",
      () => timestamp(session.certificateExpiresAtMs),
    ),
  ];
}

/** Renders a time for a sentence: a source may not say when its keys expire. */
export function timeInWords(milliseconds: number | undefined): string {
  return isoTime(milliseconds) ?? "an unknown time";
}

/** The error of keys that ended before others came. */
export function keysExpired(expiresAtMs: number | undefined): SatelliteError {
  return new SatelliteError(
    "credentials-expired",
    `the node's keys expired at ${timeInWords(expiresAtMs)} and could not be renewed`,
    {
      hint: "CredentialsRenewed says why the renewal failed. Running pods keep running; the API server refuses this node until it has keys again.",
    },
  );
}
