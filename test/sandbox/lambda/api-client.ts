// The API of the sandbox's Lambda as its tests ask it: in memory, with a clock of theirs.
import assert from "node:assert/strict";
import { newAccount } from "./account.ts";
import { type ApiAnswer, type ApiWorld, LambdaApi, type Reply } from "./lambda-api.ts";
import type { LambdaSettings } from "./settings.ts";

export const KEY = "secret_sandbox_key";
/** A launch that is granted. */
export const WANTED = { region_name: "us-west-1", instance_type_name: "gpu_1x_a10", ssh_key_names: ["work"] };
export const LAUNCH = ["POST", "/instance-operations/launch"] as const;

/** An API whose clock goes on by 13 s with each request, unless a test says otherwise. */
export class Client {
  readonly world: ApiWorld;
  readonly #api = new LambdaApi();
  stepMs = 13_000;
  authorization: string | undefined = `Bearer ${KEY}`;

  constructor(settings: LambdaSettings = {}) {
    this.world = { account: newAccount(KEY, "ssh-ed25519 AAAA work"), settings, hasRoom: true, nowMs: 0 };
  }

  reply(method: string, path: string, body?: unknown): Reply {
    this.world.nowMs += this.stepMs;
    const { authorization } = this;
    const text = body === undefined ? "" : JSON.stringify(body);
    const request = {
      method,
      url: `/api/v1${path}`,
      body: text,
      ...(authorization === undefined ? {} : { authorization }),
    };
    return this.#api.answer(this.world, request);
  }

  #answer(method: string, path: string, body?: unknown): ApiAnswer {
    const reply = this.reply(method, path, body);
    assert.ok(typeof reply === "object", `${method} ${path}: ${reply}`);
    return reply;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what tests read of an answer
  ok(method: string, path: string, body?: unknown): any {
    const answer = this.#answer(method, path, body);
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body).data;
  }

  /** Status and code of a refusal. */
  refused(method: string, path: string, body?: unknown): string {
    const answer = this.#answer(method, path, body);
    const code = answer.headers["content-type"] === "application/json" ? JSON.parse(answer.body).error.code : "";
    return `${answer.status} ${code}`.trim();
  }

  launch(change: object = {}): string {
    return this.ok(...LAUNCH, { ...WANTED, ...change }).instance_ids[0];
  }
}
