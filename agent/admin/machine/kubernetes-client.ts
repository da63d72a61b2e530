// The API server as an administrator, in the form that the code for a node's own requests knows.
import { SatelliteError } from "../../errors.ts";
import type { RawRequest } from "../../host/kubernetes-client/client.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { AskKubernetes } from "../kubernetes-call.ts";

/** Creates it. Errors are those of an administrator's calls, and name the path. */
export function createAdminClient(ask: AskKubernetes): ApiClient {
  const send = (method: RawRequest["method"], path: string, content?: RawRequest["content"]) =>
    ask(VERBS[method], path, (api) => api.send({ method, path, content }));
  const post = (path: string, document: object) => send("POST", path, { type: "application/json", document });
  return {
    get: async <T>(path: string) => JSON.parse(await send("GET", path)) as T,
    post: async (path, document) => void (await post(path, document)),
    ask: async <T>(path: string, document: object) => JSON.parse(await post(path, document)) as T,
    patch: async (path, type, document) => void (await send("PATCH", path, { type, document })),
    delete: async (path) => void (await send("DELETE", path)),
    put: async () => {
      throw new SatelliteError("unexpected", "an administrator's commands replace no object of a node's");
    },
    watch: async () => {
      throw new SatelliteError("unexpected", "an administrator's commands watch nothing");
    },
  };
}

const VERBS = { GET: "get", POST: "create", PATCH: "patch", DELETE: "delete" } as const;
