// The replacement of a route by a gateway that holds a Lease: whether it still does is asked when the request is signed and ready to be sent.
import { type EC2Client, ReplaceRouteCommand } from "@aws-sdk/client-ec2";
import { SatelliteError } from "../../errors.ts";

/** All of it: looking the name up, connecting, and the answer. */
const TIMEOUT_MS = 1500;

export interface GuardedRoutes {
  /** @throws lease-lost, and the SDK's own errors */
  replaceRouteWhile(
    isAllowed: () => boolean,
    route: { readonly tableId: string; readonly destination: string; readonly interfaceId: string },
  ): Promise<void>;
}

export function createGuardedRoutes(ec2: EC2Client): GuardedRoutes {
  return {
    async replaceRouteWhile(isAllowed, { tableId, destination, interfaceId }) {
      const command = new ReplaceRouteCommand({
        RouteTableId: tableId,
        DestinationCidrBlock: destination,
        NetworkInterfaceId: interfaceId,
      });
      // A process that was stopped meanwhile, or had to wait for the network, must not act on an old Lease.
      command.middlewareStack.add(
        (next) => (request) => {
          if (isAllowed()) return next(request);
          throw new SatelliteError("lease-lost", "the Lease was lost before the route was replaced");
        },
        { step: "deserialize", priority: "low", name: "holdsLease" },
      );
      await ec2.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    },
  };
}
