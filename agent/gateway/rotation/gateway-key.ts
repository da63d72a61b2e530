// The gateway's key, and the next one while it is about to change: two files, of which the next takes the place of the current one by a rename.
import type { Host } from "../../host/host.ts";
import type { Secret } from "../../secret.ts";
import { ensureWireguardKey, type WireguardKeys } from "../../tunnel/wireguard-key.ts";

type KeyHost = Pick<Host, "files">;

/** What it says is true of this moment: a change replaces both halves at once. */
export class GatewayKey implements WireguardKeys {
  readonly nextFile: string;
  readonly #host: KeyHost;
  readonly #file: string;
  #keys: WireguardKeys;
  #next: WireguardKeys | undefined;
  #madeMs: number | undefined;

  private constructor(host: KeyHost, file: string, keys: WireguardKeys) {
    this.#host = host;
    this.#file = file;
    this.nextFile = `${file}.next`;
    this.#keys = keys;
  }

  /** Makes the file when there is none; a next key of an earlier run is taken over. @throws as ensureWireguardKey */
  static async open(host: KeyHost, file: string): Promise<GatewayKey> {
    const key = new GatewayKey(host, file, await ensureWireguardKey(host, file));
    if ((await host.files.status(key.nextFile)) !== undefined) await key.makeNext();
    await key.#readAge();
    return key;
  }

  get privateKey(): Secret {
    return this.#keys.privateKey;
  }

  get publicKey(): string {
    return this.#keys.publicKey;
  }

  get nextPublicKey(): string | undefined {
    return this.#next?.publicKey;
  }

  /** When the current key was made, milliseconds since the epoch. */
  get madeMs(): number | undefined {
    return this.#madeMs;
  }

  /** One that is there stays; one that is damaged was never in force, and another takes its place. @throws disk-full, file-unwritable */
  async makeNext(): Promise<void> {
    this.#next = await ensureWireguardKey(this.#host, this.nextFile).catch(async () => {
      await this.#host.files.remove(this.nextFile);
      return ensureWireguardKey(this.#host, this.nextFile);
    });
  }

  /** The old key is gone from then on. */
  async adoptNext(): Promise<void> {
    if (this.#next === undefined) return;
    await this.#host.files.move(this.nextFile, this.#file);
    this.#keys = this.#next;
    this.#next = undefined;
    await this.#readAge();
  }

  async #readAge(): Promise<void> {
    this.#madeMs = (await this.#host.files.status(this.#file))?.modifiedMs;
  }
}
