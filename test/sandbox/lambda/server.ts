// The sandbox's Lambda behind TLS: requests and what becomes of machines change its account one after the other.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { ownAddressName } from "../addresses.ts";
import { type LambdaAccount, readAccount, writeAccount } from "./account.ts";
import { type ApiRequest, LambdaApi, type Reply } from "./lambda-api.ts";
import { readSettings, writeSettings } from "./settings.ts";

/** Somewhat more than the longest user data. */
const MAX_BODY_BYTES = 2 ** 21;

export interface LambdaServerOptions {
  /** The sandbox's folder: account and settings are in it. */
  readonly folder: string;
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** Milliseconds, which may be a test's. */
  readonly now?: () => number;
  /** What the laptop's public address is, as the machine sees it. */
  readonly laptop?: string;
  /** Whether one machine more could run. */
  readonly hasRoom?: (account: LambdaAccount) => boolean;
  /** Each request, when it is answered. */
  readonly log?: (line: string) => void;
}

export class LambdaServer {
  readonly #options: LambdaServerOptions;
  readonly #api = new LambdaApi();
  readonly #server: Server;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LambdaServerOptions) {
    this.#options = options;
    this.#server = createServer(options.tls, (request, response) => void this.#serve(request, response));
  }

  /** Returns the port. */
  async listen(address: string, port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) =>
      this.#server.once("error", reject).listen(port, address, () => resolve()),
    );
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Changes the account when nothing else does. @throws Error when there is none */
  change(change: (account: LambdaAccount) => LambdaAccount): Promise<LambdaAccount> {
    return this.#inTurn(async () => {
      const before = await this.#account();
      const after = change(before);
      if (after !== before) await writeAccount(this.#options.folder, after);
      return after;
    });
  }

  async #account(): Promise<LambdaAccount> {
    const account = await readAccount(this.#options.folder);
    if (account === undefined) throw new Error(`there is no account of Lambda in ${this.#options.folder}`);
    return account;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined); // the next one has its own turn
    return done;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    if (headers.host === ownAddressName) return void response.end(`${this.#options.laptop ?? ""}\n`);
    try {
      const body = await readBody(request);
      const { authorization } = headers;
      const asked = { method, url, body, ...(authorization === undefined ? {} : { authorization }) };
      const reply = await this.#inTurn(() => this.#answer(asked));
      this.#options.log?.(`${method} ${url} ${typeof reply === "string" ? reply : reply.status}`);
      if (reply === "closed") response.destroy();
      else if (reply !== "silence") response.writeHead(reply.status, { ...reply.headers }).end(reply.body);
    } catch (error) {
      this.#options.log?.(`${method} ${url} ${error instanceof Error ? error.stack : error}`);
      const failure = {
        error: { code: "global/internal-error", message: "the sandbox's Lambda is wrong: see its log" },
      };
      response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify(failure));
    }
  }

  async #answer(request: ApiRequest): Promise<Reply> {
    const { folder, now = Date.now, hasRoom = () => true } = this.#options;
    const [account, settings] = [await this.#account(), await readSettings(folder)];
    const world = { account, settings, hasRoom: hasRoom(account), nowMs: now() };
    const reply = this.#api.answer(world, request);
    if (world.account !== account) await writeAccount(folder, world.account);
    if (world.settings !== settings) await writeSettings(folder, world.settings);
    return reply;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`the body is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
