// How user data travels, and which clouds take a text of its size.
import { gzipSync } from "node:zlib";

export const ENCODINGS = ["plain", "base64", "gzip-base64"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface Encoded {
  readonly text: string;
  /** Bytes that cloud-init reads: those before base64. */
  readonly rawBytes: number;
}

/** cloud-init unpacks gzip by itself. */
export function encodeUserData(text: string, encoding: Encoding): Encoded {
  const raw = encoding === "gzip-base64" ? gzipSync(text, { level: 9 }) : Buffer.from(text);
  const isPlain = encoding === "plain";
  return { text: isPlain ? text : `${raw.toString("base64")}\n`, rawBytes: raw.length };
}

interface Limit {
  readonly cloud: string;
  readonly bytes: number;
  readonly shown: string;
  /** What the cloud counts: the bytes before base64, or those in it. */
  readonly counts: "raw" | "base64";
  /** Whether it takes a packed text. */
  readonly takesGzip: boolean;
}

/** As the clouds' own documentation says it: EC2 user guide, Nova's user guide, Azure's custom data, Lambda Cloud's API 1.10. */
const LIMITS: readonly Limit[] = [
  { cloud: "EC2", bytes: 16 * 1024, shown: "16 KiB", counts: "raw", takesGzip: true },
  { cloud: "OpenStack", bytes: 65_535, shown: "64 KiB in base64", counts: "base64", takesGzip: true },
  { cloud: "Azure", bytes: 65_535, shown: "64 KiB", counts: "raw", takesGzip: true },
  { cloud: "Lambda Cloud", bytes: 1_000_000, shown: "1 MB, plain", counts: "raw", takesGzip: false },
];

/** Says how large it is, and where it fits. */
export function explainSize({ rawBytes }: Encoded, encoding: Encoding): string {
  const base64Bytes = Math.ceil(rawBytes / 3) * 4;
  const usable = LIMITS.filter(({ takesGzip }) => takesGzip || encoding !== "gzip-base64");
  const fits = ({ counts, bytes }: Limit) => (counts === "raw" ? rawBytes : base64Bytes) <= bytes;
  const list = (limits: readonly Limit[]) => limits.map(({ cloud, shown }) => `${cloud} (${shown})`).join(", ");
  const [fitting, tooSmall] = [usable.filter(fits), usable.filter((limit) => !fits(limit))];
  const advice = encoding === "gzip-base64" ? "" : "; --encoding gzip-base64 makes it smaller";
  return [
    `user data: ${(rawBytes / 1024).toFixed(1)} KiB`,
    ...(fitting.length === 0 ? [] : [`: fits ${list(fitting)}`]),
    ...(tooSmall.length === 0 ? [] : [`; too large for ${list(tooSmall)}${advice}`]),
  ].join("");
}
