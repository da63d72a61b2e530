// The paths of the health endpoint: what its 404 lists, and what docs/reference/http.md says.

interface HttpPath {
  readonly contentType: string;
  /** By status. */
  readonly answers: Readonly<Record<number, string>>;
  /** Whether it takes `?verbose` and `?exclude=NAME`. */
  readonly isProbe: boolean;
}

const TEXT = "text/plain; charset=utf-8";
const READINESS = {
  200: "every critical condition is true",
  503: "at least one is not; the root cause comes first",
} as const;

/** GET and HEAD of these; another method is answered with 405, another path with 404. */
export const HTTP_PATHS = {
  "/livez": {
    contentType: TEXT,
    answers: {
      200: "every loop's rounds succeed",
      503: "names each loop of which no round has succeeded for three periods and two minutes; where the round hangs, systemd's watchdog restarts the daemon",
    },
    isProbe: true,
  },
  "/readyz": { contentType: TEXT, answers: READINESS, isProbe: true },
  "/healthz": { contentType: TEXT, answers: READINESS, isProbe: true },
  "/status": {
    contentType: "application/json; charset=utf-8",
    answers: { 200: "everything that the daemon knows of the node, without secrets" },
    isProbe: false,
  },
  "/metrics": {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    answers: { 200: "the metrics in Prometheus' text format" },
    isProbe: false,
  },
} as const satisfies Readonly<Record<string, HttpPath>>;
