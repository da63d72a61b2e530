// Certificates of the test fixtures, good for a hundred years.
import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(`../fixtures/certificates/${name}`, import.meta.url), "utf8");

/** PEM of the certificate authority of the cluster that tests speak of, and of another one. */
export const clusterCa = read("cluster-ca.pem");
export const otherCa = read("other-ca.pem");
/** A server on the loopback interface that vouches for itself. */
export const localhost = { cert: read("localhost.pem"), key: read("localhost.key") };
/** Certificates of a machine for IAM Roles Anywhere, of one key: all of 2026, and 2 January 2026 alone. */
export const machine = {
  year: read("gpu-1-year.pem"),
  day: read("gpu-1-day.pem"),
  key: read("gpu-1.key"),
  encryptedKey: read("gpu-1-encrypted.key"),
};
