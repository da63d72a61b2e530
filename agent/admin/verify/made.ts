// What one run makes in the cluster, and its removal: at the end, after a failure, and by a later run when this one was killed.
import { describe } from "../../errors.ts";
import type { MadeKind } from "../../host/verify/verify-kubernetes.ts";
import { ask, type VerifyContext } from "./ask.ts";
import { LABEL, MAX_POD_SECONDS } from "./pods.ts";

export interface Made {
  readonly namespace: string;
  /** Makes an object, which is removed later whether or not the answer arrives. */
  create<T>(kind: MadeKind, name: string, made: () => Promise<T>): Promise<T>;
  /** Removes everything. Returns what is left, each with why. */
  removeAll(context: VerifyContext): Promise<readonly string[]>;
}

const KINDS = ["pod", "service"] as const;
const REMOVE_SECONDS = 8;

/** Creates the record of a run. */
export function createMade(namespace: string): Made {
  const names: { readonly kind: MadeKind; readonly name: string; readonly creating: Promise<unknown> }[] = [];
  return {
    namespace,
    create(kind, name, made) {
      const creating = made();
      names.push({ kind, name, creating: creating.catch(() => undefined) });
      return creating;
    },
    async removeAll(context) {
      const removals = names.map(({ kind, name, creating }) => remove(context, { kind, namespace, name }, creating));
      return (await Promise.all(removals)).filter((left) => left !== undefined);
    },
  };
}

/** Removes what earlier runs have left; a run that may still go on keeps its own. Returns how many. */
export async function removeLeft(context: VerifyContext, namespace: string): Promise<number> {
  const oldestMs = context.clock.now() - MAX_POD_SECONDS * 1000;
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const object = `${kind}s with the label ${LABEL} in namespace ${namespace}`;
      const all = await ask(context, { verb: "list", object, made: (api) => api.list(kind, namespace, LABEL) });
      return all.filter(({ createdAtMs }) => createdAtMs < oldestMs).map(({ name }) => ({ kind, namespace, name }));
    }),
  );
  const left = await Promise.all(found.flat().map((object) => remove(context, object)));
  return left.filter((each) => each === undefined).length;
}

interface MadeObject {
  readonly kind: MadeKind;
  readonly namespace: string;
  readonly name: string;
}

/** Returns undefined when it is gone, or else what is left and why. @param creating a request on its way would make it after it was removed */
async function remove(
  context: VerifyContext,
  { kind, namespace, name }: MadeObject,
  creating?: Promise<unknown>,
): Promise<string | undefined> {
  const object = `${kind} ${namespace}/${name}`;
  const made = async (api: VerifyContext["kubernetes"]) => {
    await creating;
    await api.remove(kind, { namespace, name });
  };
  try {
    await ask(context, { verb: "delete", object, seconds: REMOVE_SECONDS, made });
    return undefined;
  } catch (error) {
    return `${object}: ${describe(error).message}`;
  }
}
