// What comes back from a knock, after the eight random bytes that it began with. A gateway of another version sends all of it back as it came.

/** Random bytes, then what is asked for. */
export const TOKEN_BYTES = 8;
/** One byte more asks for the gateway's role. */
export const PULSE_BYTES = TOKEN_BYTES + 1;
/** Eight more ask for the digest of what the gateway's health says to the one who knocks. */
export const DIGEST_BYTES = 8;
export const CHANGE_KNOCK_BYTES = TOKEN_BYTES + DIGEST_BYTES;

/** What a message as it came has in the digest's place. */
const NO_DIGEST = "00".repeat(DIGEST_BYTES);

const ROLES = ["ok", "standby", "holder"] as const;
export type PulseRole = (typeof ROLES)[number];

/** How a knock ended that asks for the digest. */
export interface ChangeKnock {
  readonly reach: "ok" | "refused" | "silent";
  /** Sixteen hexadecimal digits; absent from a gateway that knows of none. */
  readonly digest?: string;
}

export interface KnockAnswers {
  /** `ok`: it is not known. */
  readonly role: () => PulseRole;
  /** Sixteen hexadecimal digits; undefined for an asker who gets none. */
  readonly digest: () => string | undefined;
}

/** The answer to a knock: each length asks for something else, and a length that asks for nothing comes back as it is. */
export function answerKnock(message: Buffer, { role, digest }: KnockAnswers): Buffer {
  const token = message.subarray(0, TOKEN_BYTES);
  if (message.length === PULSE_BYTES) return Buffer.concat([token, Buffer.of(ROLES.indexOf(role()))]);
  const known = message.length === CHANGE_KNOCK_BYTES ? digest() : undefined;
  return known === undefined ? message : Buffer.concat([token, Buffer.from(known, "hex")]);
}

/** Whether it answers this knock, and no other. */
export function isAnswerTo(message: Buffer, answer: Buffer): boolean {
  return answer.length === message.length && answer.subarray(0, TOKEN_BYTES).equals(message.subarray(0, TOKEN_BYTES));
}

/** The role in a pulse's answer; undefined when it has none. */
export function readRole(answer: Buffer): PulseRole | undefined {
  return ROLES[answer[TOKEN_BYTES] ?? 0];
}

/** The digest in an answer; undefined from a gateway that knows of none. */
export function readDigest(answer: Buffer): string | undefined {
  const digest = answer.toString("hex", TOKEN_BYTES);
  return digest === NO_DIGEST ? undefined : digest;
}
