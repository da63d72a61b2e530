// A handle on the machine with some of its members replaced: how parts get one that counts, keeps or ends what they do.
import { SatelliteError } from "../errors.ts";
import type { Host } from "./host.ts";

/** The same object with some members replaced. It may be one of a class: a copy would lack what is inherited, and a child what is private. */
export function replacing<T extends object>(target: T, members: Partial<T>): T {
  const own = (key: string | symbol): key is keyof T & (string | symbol) => Object.hasOwn(members, key);
  return new Proxy(target, {
    get(_, key) {
      if (own(key)) return members[key];
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/**
 * The same machine for work that ends with a signal: every command is ended then, and its output so far counts for nothing. @throws daemon-stopping from each `run` that the signal has ended, besides what the machine's own throws
 */
export function endingCommands(host: Host, signal: AbortSignal): Host {
  return replacing(host, {
    run: async (command, args, options = {}) => {
      const stopping = () =>
        new SatelliteError("daemon-stopping", `${command} was ended: the daemon stops, or starts anew`);
      if (signal.aborted) throw stopping();
      const either = options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]);
      const result = await host.run(command, args, { ...options, signal: either });
      if (signal.aborted) throw stopping();
      return result;
    },
  });
}
