// How the sandbox's Lambda says no: a code, and a text that is not Lambda's own.

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const invalid = (message: string) => new Refusal(400, "global/invalid-parameters", message);

export const doesNotExist = (what: string, name: string) =>
  new Refusal(400, "global/object-does-not-exist", `there is no ${what} ${name}`);

export const notFound = (what: string, name: string) =>
  new Refusal(404, "global/object-does-not-exist", `there is no ${what} ${name}`);
