// The credentials on this machine: keys or a certificate, and how long they last.
import { checkCertificateDates, readClientCertificate, renewalOf } from "../credentials/client-certificate.ts";
import { sourceName } from "../credentials/credential-source.ts";
import { isoTime } from "../time.ts";
import { type Check, configured, ok, warn } from "./check.ts";

export const CREDENTIAL_CHECKS: readonly Check[] = [
  configured({
    name: "credentials",
    checks: "the configured source gives AWS keys",
    run: async ({ sourceKeys }, { credentials }) => {
      const { sessionToken, accessKeyId } = await sourceKeys();
      const source = sourceName(credentials);
      if (sessionToken !== undefined) return ok(`temporary keys from ${source}`);
      return warn(
        `long-lived keys of an IAM user (…${accessKeyId.slice(-4)}) are on this machine: ${source}`,
        "A copy of them is this node's identity until the keys are deleted. Prefer IAM Roles Anywhere (credentials.rolesAnywhere) or an SSM hybrid activation (credentials.profile); at least rotate them, and allow them only sts:AssumeRole.",
      );
    },
  }),
  configured({
    name: "certificate",
    checks: "the certificate of `credentials.rolesAnywhere` is valid, and its key belongs to it",
    run: async ({ host }, { credentials: { rolesAnywhere } }) => {
      if (rolesAnywhere === undefined) return ok("none is used: see credentials");
      const certificate = await readClientCertificate(host, rolesAnywhere);
      const nowMs = host.clock.now();
      checkCertificateDates(certificate, nowMs);
      const words = `${certificate.subject} until ${isoTime(certificate.expiresAtMs)}`;
      const renewal = renewalOf(certificate, nowMs);
      if (renewal === "none") return ok(words);
      return warn(`${words}: its renewal is ${renewal}`, `Put a new certificate and its key at ${certificate.file}.`);
    },
  }),
];
