// What a fleet's process writes down, one line each: when, which node, and what.

export type Server = "api" | "aws";

/** What every member is given. */
export interface MemberFacts {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn: string;
  /** The API server's URL. */
  readonly endpoint: string;
  /** AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…, as in a keys file. */
  readonly keysFile: string;
  /** PEM; any certificate that is good today. */
  readonly servingCertificate: string;
  /** Of the first member; each has the next one. */
  readonly healthPort: number;
}

/** One request. */
export interface RequestNote {
  /** When it was sent: when it is answered is the server's doing. */
  readonly atMs: number;
  readonly node: number;
  readonly server: Server;
  readonly kind: string;
  /** HTTP status, AWS's error, `silence`, or `begun` for a watch. */
  readonly outcome: string;
}

export interface ConditionNote {
  readonly atMs: number;
  readonly node: number;
  readonly condition: string;
  readonly status: string;
}

/** One attempt of an HTTP request to AWS: the SDK makes up to two for a call. */
export interface AttemptNote {
  readonly atMs: number;
  readonly attempt: string;
}

export interface FleetRecord {
  readonly requests: readonly RequestNote[];
  readonly conditions: readonly ConditionNote[];
  readonly attempts: readonly AttemptNote[];
}

type Note = RequestNote | ConditionNote | AttemptNote;

/** Reads the lines of a record; one that is not whole yet is left out. */
export function readRecord(text: string): FleetRecord {
  const lines = text.split("\n").slice(0, -1);
  const notes = lines.map((line) => JSON.parse(line) as Note);
  return {
    requests: notes.filter((note): note is RequestNote => "server" in note),
    conditions: notes.filter((note): note is ConditionNote => "condition" in note),
    attempts: notes.filter((note): note is AttemptNote => "attempt" in note),
  };
}
