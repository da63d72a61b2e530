// The part of protobuf's encoding that CRI's messages need: https://protobuf.dev/programming-guides/encoding/
import { SatelliteError } from "../errors.ts";

/** A number (varint), or bytes: a string or a nested message. */
export type FieldValue = number | Uint8Array;

/** Bytes of a field; none for one that is absent or a number. */
export function asBytes(value: FieldValue | undefined): Uint8Array {
  return typeof value === "object" ? value : new Uint8Array();
}

/** Text of a field; empty for one that is absent or a number. */
export function asText(value: FieldValue | undefined): string {
  return Buffer.from(asBytes(value)).toString("utf8");
}

/** Splits a message into its fields by number. @throws runtime-failed when it is cut short, or has a type that CRI does not use here */
export function fieldsOf(bytes: Uint8Array): Map<number, FieldValue[]> {
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
    const values = fields.get(tag >>> 3);
    if (values === undefined) fields.set(tag >>> 3, [value]);
    else values.push(value);
  }
  return fields;
}

/** A message of one string. The text is shorter than 128 bytes, as ids are. */
export function encodeText(field: number, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  if (bytes.length > 127) throw new SatelliteError("runtime-failed", `an id of ${bytes.length} bytes: ${text}`);
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

function cutShort(): SatelliteError {
  return new SatelliteError("runtime-failed", "containerd's answer ended in the middle of a field");
}
