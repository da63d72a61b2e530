// The container runtime's own word on its health, through CRI (cri-api, runtime/v1/api.proto), as kubelet hears it.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

export interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** google.rpc.Code UNIMPLEMENTED: containerd answers, but its CRI plugin is disabled or failed to load. */
const UNIMPLEMENTED = 12;
const CALL_TIMEOUT_SECONDS = 5;

/** Asks the runtime for its conditions. @throws runtime-unreachable, cri-disabled, runtime-failed */
export async function readRuntimeConditions(host: Host, socket: string): Promise<readonly RuntimeCondition[]> {
  const call = {
    socket,
    method: "/runtime.v1.RuntimeService/Status",
    message: new Uint8Array(),
    timeoutSeconds: CALL_TIMEOUT_SECONDS,
  };
  const { status, statusMessage, message } = await host.grpc(call).catch((cause: unknown) => {
    throw new SatelliteError("runtime-unreachable", `containerd does not answer on ${socket}`, {
      hint: "systemctl status containerd; journalctl -u containerd -n 50.",
      cause,
    });
  });
  if (status === UNIMPLEMENTED) {
    throw new SatelliteError("cri-disabled", "containerd runs without its CRI plugin", {
      hint: "journalctl -u containerd names why it was not loaded; disabled_plugins in its configuration must not name cri.",
    });
  }
  if (status !== 0) {
    throw new SatelliteError("runtime-failed", `containerd answered ${status}: ${statusMessage}`, {
      hint: "journalctl -u containerd -n 50.",
    });
  }
  const conditions = decodeStatusResponse(message);
  if (conditions.length > 0) return conditions;
  throw new SatelliteError("runtime-failed", "containerd answered without a condition", {
    hint: "journalctl -u containerd -n 50.",
  });
}

/** StatusResponse{status=1: RuntimeStatus{conditions=1: {type=1, status=2, reason=3, message=4}}}. */
function decodeStatusResponse(bytes: Uint8Array): RuntimeCondition[] {
  const [runtimeStatus = new Uint8Array()] = fieldsOf(bytes).get(1) ?? [];
  const conditions = fieldsOf(asBytes(runtimeStatus)).get(1) ?? [];
  return conditions.map((condition) => {
    const fields = fieldsOf(asBytes(condition));
    const text = (field: number) => Buffer.from(asBytes(fields.get(field)?.[0] ?? new Uint8Array())).toString("utf8");
    return { type: text(1), isTrue: fields.get(2)?.[0] === 1, reason: text(3), message: text(4) };
  });
}

type FieldValue = number | Uint8Array;

function asBytes(value: FieldValue): Uint8Array {
  return typeof value === "number" ? new Uint8Array() : value;
}

/** Splits a message into its fields (protobuf encoding); the two wire types that these messages use. */
function fieldsOf(bytes: Uint8Array): Map<number, FieldValue[]> {
  const fields = new Map<number, FieldValue[]>();
  let offset = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++];
      if (byte === undefined) throw cutShort();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const tag = varint();
    const wireType = tag & 0b111;
    if (wireType !== 0 && wireType !== 2)
      throw new SatelliteError("runtime-failed", `containerd's answer has wire type ${wireType}`);
    const length = varint();
    const value = wireType === 0 ? length : bytes.subarray(offset, offset + length);
    if (typeof value !== "number") offset += length;
    if (offset > bytes.length) throw cutShort();
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function cutShort(): SatelliteError {
  return new SatelliteError("runtime-failed", "containerd's answer ended in the middle of a field");
}
