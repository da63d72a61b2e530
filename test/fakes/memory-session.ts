import type { ConditionBoard } from "../../agent/board/conditions.ts";
import { AwsSession } from "../../agent/credentials/aws-session.ts";
import { createBoard } from "./board.ts";
import { MemoryAws } from "./memory-aws.ts";
import { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";
import { KEYS_FILE, sampleConfig } from "./samples.ts";

export const TOKEN = "/run/eks-satellite/kubelet-token";
export const KEYS = "/run/eks-satellite/aws-credentials";
export const COPY = "/var/lib/eks-satellite/session";
export const KEYS_FILE_PATH = "/etc/eks-satellite/aws-keys";
export const MINUTE_MS = 60_000;

/** A session that has not looked yet. */
export function setUpSession(host = new MemoryHost(), config = sampleConfig()) {
  // A restart finds the file as it was: another time of change would be another state of the source.
  if (host.files.peek(KEYS_FILE_PATH) === undefined) host.files.put(KEYS_FILE_PATH, KEYS_FILE, { mode: 0o600 });
  const aws = new MemoryAws(host.clock.now);
  const { log, lines, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const session = new AwsSession({ host, aws, config, log, board, emit: () => undefined });
  /** Lets time pass as the credentials loop does: a look every ten seconds. */
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 10_000) {
      host.clock.jump(Math.min(10_000, milliseconds - passed));
      await session.round();
    }
  };
  const token = () => host.files.peek(TOKEN)?.content;
  return { host, aws, board, session, lines, messages, pass, token };
}

/** Status and reason of CredentialsFresh. */
export const reasonOf = (board: ConditionBoard) => {
  const { status, reason } = board.get("CredentialsFresh");
  return [status, reason];
};
