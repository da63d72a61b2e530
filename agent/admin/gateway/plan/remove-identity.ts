// Removes a gateway's identity: its access entry first, so that the role's keys open nothing any more.
import { GATEWAY_GROUP } from "../../../tunnel/names.ts";
import { type Change, pretty } from "../../change.ts";
import { GATEWAY_POLICY } from "../names.ts";
import { askIam, type GatewayContext } from "./context.ts";
import { removal } from "./remove-pieces.ts";
import { askEks, gatewayRoleArn, type IdentityPicture, profileArn } from "./role.ts";

/** An entry without the gateways' group was made by hand, and stays. */
export function removeIdentity(context: GatewayContext, present: IdentityPicture): readonly Change[] {
  const { aws, adminAws, access, names } = context;
  const { role } = names;
  const arn = gatewayRoleArn(context);
  const entry = removal(`access entry of ${arn}`, pretty({ kubernetesGroups: present.groups }), () =>
    askEks(context, "eks:DeleteAccessEntry", () => adminAws.deleteAccessEntry(access.name, arn)),
  );
  const membership = removal(`role of instance profile ${role}`, pretty({ role }), () =>
    askIam(context, "iam:RemoveRoleFromInstanceProfile", profileArn(context), () =>
      aws.removeRoleFromProfile(role, role),
    ),
  );
  const profile = removal(`instance profile ${role}`, pretty({ name: role }), () =>
    askIam(context, "iam:DeleteInstanceProfile", profileArn(context), () => aws.deleteProfile(role)),
  );
  const policy = removal(`policy ${GATEWAY_POLICY} of role ${role}`, pretty(present.policy), () =>
    askIam(context, "iam:DeleteRolePolicy", arn, () => aws.deleteRolePolicy(role, GATEWAY_POLICY)),
  );
  const wholeRole = removal(`role ${role}`, pretty({ name: role }), () =>
    askIam(context, "iam:DeleteRole", arn, () => aws.deleteRole(role)),
  );
  return [
    ...(present.groups?.includes(GATEWAY_GROUP) === true ? [entry] : []),
    ...(present.isInProfile ? [membership] : []),
    ...(present.hasProfile ? [profile] : []),
    ...(present.policy === undefined ? [] : [policy]),
    ...(present.hasRole ? [wholeRole] : []),
  ];
}
