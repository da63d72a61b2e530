// The last byte of a pulse: a gateway that knows its role puts it there, and one that does not sends back what came.

/** Random bytes, then the role's. */
export const TOKEN_BYTES = 8;
export const PULSE_BYTES = TOKEN_BYTES + 1;

const ROLES = ["ok", "standby", "holder"] as const;
export type PulseRole = (typeof ROLES)[number];

/** The answer to a pulse. @param role ok: it is not known */
export function answerPulse(message: Buffer, role: PulseRole): Buffer {
  if (message.length !== PULSE_BYTES) return message;
  return Buffer.concat([message.subarray(0, TOKEN_BYTES), Buffer.of(ROLES.indexOf(role))]);
}

/** The role in an answer; undefined when it answers something else. */
export function readPulse(token: Buffer, answer: Buffer): PulseRole | undefined {
  if (answer.length !== token.length || !answer.subarray(0, TOKEN_BYTES).equals(token.subarray(0, TOKEN_BYTES)))
    return undefined;
  return ROLES[answer[TOKEN_BYTES] ?? 0];
}
