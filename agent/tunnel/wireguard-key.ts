// This machine's WireGuard key: made here, and never sent anywhere. The other end gets its public half alone.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { Secret } from "../secret.ts";

export interface WireguardKeys {
  readonly privateKey: Secret;
  readonly publicKey: string;
}

const MODE = 0o600;
const MAX_BYTES = 4096;
const KEY = /^[A-Za-z0-9+/]{43}=$/;
/** RFC 8410's wrapping of an X25519 private key; the 32 bytes of the key follow. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b656e04220420", "hex");

/** Reads the key's file, makes it when there is none, and takes it from other users. @throws wireguard-key-invalid, disk-full, file-unreadable, file-unwritable */
export async function ensureWireguardKey(host: Pick<Host, "files">, path: string): Promise<WireguardKeys> {
  const opened = await host.files.readWithStatus(path, MAX_BYTES);
  if (opened === undefined) {
    const privateKey = makePrivateKey();
    await host.files.write(path, `${privateKey.reveal()}\n`, { mode: MODE });
    return { privateKey, publicKey: publicKeyOf(privateKey) };
  }
  const text = opened.text.trim();
  if (opened.status.kind !== "file" || !KEY.test(text))
    throw new SatelliteError("wireguard-key-invalid", `${path} holds no WireGuard key`, {
      hint: `Restore it, or remove it: another one is made, and its public half is published: rm ${path}.`,
    });
  if (opened.status.mode !== MODE) await host.files.setMode(path, MODE);
  const privateKey = new Secret(text);
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** Derives the public key, as `wg pubkey` does. */
export function publicKeyOf(privateKey: Secret): string {
  const der = Buffer.concat([PKCS8_HEAD, Buffer.from(privateKey.reveal(), "base64")]);
  return rawOf(createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })), "x");
}

/** As `wg genkey`: the bits that X25519 ignores are set as it would set them, so that the interface shows the same bytes. */
export function makePrivateKey(): Secret {
  const bytes = Buffer.from(rawOf(generateKeyPairSync("x25519").privateKey, "d"), "base64");
  bytes.writeUInt8(bytes.readUInt8(0) & 248, 0);
  bytes.writeUInt8((bytes.readUInt8(31) & 127) | 64, 31);
  return new Secret(bytes.toString("base64"));
}

function rawOf(key: KeyObject, part: "x" | "d"): string {
  return Buffer.from(key.export({ format: "jwk" })[part] ?? "", "base64url").toString("base64");
}
