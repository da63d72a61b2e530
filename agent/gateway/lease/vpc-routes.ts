// What a gateway has to know of the VPC's routes, and the one thing that it may change of them.

/** A route of a table that serves a subnet, to a network of satellites. */
export interface VpcRoute {
  readonly tableId: string;
  readonly destination: string;
  /** An id such as eni-…. */
  readonly target: string;
}

export interface SeenRoutes {
  /** This gateway's network interface; undefined while AWS has none with its address. */
  readonly ownInterface: string | undefined;
  /** Whether the cluster has another gateway, too: only then the routes move. */
  readonly isPaired: boolean;
  readonly routes: readonly VpcRoute[];
}

/** AWS with the keys of the instance's role. Errors are the SDK's own. */
export interface VpcRoutes {
  /** @param networks the satellites' @param address this gateway's own in the VPC */
  look(networks: readonly string[], address: string): Promise<SeenRoutes>;
  /** @param isAllowed is asked again when the request is ready to be sent; it throws where it is not */
  replace(route: VpcRoute, interfaceId: string, isAllowed: () => boolean): Promise<void>;
}
