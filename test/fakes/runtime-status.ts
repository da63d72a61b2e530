// CRI's StatusResponse in protobuf's wire format, written field by field (cri-api runtime/v1/api.proto).
import type { RuntimeCondition } from "../../agent/facts/cri.ts";

/** A field of wire type 2: tag, length, bytes. Lengths of 128 and more take two bytes. */
export function encodeBytes(field: number, bytes: Uint8Array): Buffer {
  const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), bytes]);
}

/** StatusResponse{status = 1: RuntimeStatus{conditions = 1}}; proto3 leaves false and empty texts out. */
export function encodeRuntimeStatus(conditions: readonly RuntimeCondition[]): Buffer {
  const encoded = conditions.map(({ type, isTrue, reason, message }) =>
    Buffer.concat([
      encodeBytes(1, Buffer.from(type)),
      ...(isTrue ? [Buffer.from([(2 << 3) | 0, 1])] : []),
      ...(reason === "" ? [] : [encodeBytes(3, Buffer.from(reason))]),
      ...(message === "" ? [] : [encodeBytes(4, Buffer.from(message))]),
    ]),
  );
  return encodeBytes(1, Buffer.concat(encoded.map((condition) => encodeBytes(1, condition))));
}
