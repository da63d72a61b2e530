// How long a server asks to be left alone.
import type { HttpResponse } from "../host/host.ts";

/**
 * Reads the header Retry-After, milliseconds: seconds, or a date of the server's clock (RFC 9110); undefined for anything else.
 */
export function readRetryAfterMs({
  retryAfter,
  serverTimeMs,
}: Pick<HttpResponse, "retryAfter" | "serverTimeMs">): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\s{0,9}\d{1,9}\s{0,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  if (serverTimeMs === undefined || !/^[A-Z][a-z]{2,8}, .{1,40}$/.test(retryAfter)) return undefined;
  const waitMs = Date.parse(retryAfter) - serverTimeMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
