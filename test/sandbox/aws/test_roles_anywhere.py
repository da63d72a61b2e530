"""Who gets a session for a certificate, and who does not."""

import base64
import hashlib
import json
import unittest
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from replies import Refusal
from roles_anywhere import ALGORITHM, is_for_roles_anywhere, read_session_request
from sigv4 import Request, Signature, canonical_request

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ROLE = "arn:aws:iam::1:role/node"
ARNS = {"trustAnchorArn": "anchor", "profileArn": "profile", "roleArn": ROLE}


def name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(subject, key, issuer, issuer_key, days=1, is_authority=False):
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(0xABCDEF).not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=days))
    return builder.add_extension(x509.BasicConstraints(is_authority, None), True).sign(issuer_key, hashes.SHA256())


class RolesAnywhere(unittest.TestCase):
    def setUp(self):
        self.authority_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = issue("ca", self.authority_key, "ca", self.authority_key, is_authority=True)
        self.settings = {**ARNS, "trustAnchor": authority.public_bytes(serialization.Encoding.PEM).decode()}
        self.certificate = issue("gpu-1", self.key, "ca", self.authority_key)

    def request(self, certificate=None, key=None, **changes):
        certificate = certificate or self.certificate
        der = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        date = f"{NOW:%Y%m%dT%H%M%SZ}"
        headers = {"host": "rolesanywhere.us-east-1.amazonaws.com", "x-amz-date": date, "x-amz-x509": der}
        body = json.dumps({**ARNS, "roleSessionName": "gpu-1", "durationSeconds": 900, **changes}).encode()
        request = Request("POST", "/sessions", "", headers, body)
        signature = Signature(
            str(certificate.serial_number), "us-east-1", "rolesanywhere", NOW, tuple(headers), "", None, False
        )
        canonical = hashlib.sha256(canonical_request(request, signature).encode()).hexdigest()
        text = "\n".join([ALGORITHM, date, signature.scope, canonical]).encode()
        value = (key or self.key).sign(text, ec.ECDSA(hashes.SHA256())).hex()
        names = ";".join(headers)
        headers["authorization"] = (
            f"{ALGORITHM} Credential={certificate.serial_number}/{signature.scope}, SignedHeaders={names}, Signature={value}"
        )
        return request

    def refusal(self, request, now=NOW):
        with self.assertRaises(Refusal) as caught:
            read_session_request(request, self.settings, now)
        return caught.exception.message

    def test_a_genuine_request_is_for_its_role_and_name(self):
        request = self.request()
        self.assertTrue(is_for_roles_anywhere(request))
        self.assertEqual(read_session_request(request, self.settings, NOW), (ROLE, "gpu-1", 900))

    def test_without_a_name_the_session_has_the_serial_number(self):
        self.assertEqual(read_session_request(self.request(roleSessionName=None), self.settings, NOW)[1], "abcdef")

    def test_another_authoritys_certificate_is_not_trusted(self):
        foreign_key = ec.generate_private_key(ec.SECP256R1())
        self.assertIn("Untrusted", self.refusal(self.request(issue("gpu-1", self.key, "ca", foreign_key))))

    def test_a_certificate_past_its_end_is_not_trusted(self):
        self.assertIn("not valid now", self.refusal(self.request(issue("gpu-1", self.key, "ca", self.authority_key, 0))))

    def test_another_keys_signature_is_refused(self):
        foreign_key = ec.generate_private_key(ec.SECP256R1())
        self.assertIn("does not match", self.refusal(self.request(key=foreign_key)))

    def test_a_changed_body_is_refused(self):
        request = self.request()
        self.assertIn("does not match", self.refusal(replace(request, body=request.body.replace(b"gpu-1", b"gpu-2"))))

    def test_an_old_signature_is_refused(self):
        self.assertIn("expired", self.refusal(self.request(), NOW + timedelta(minutes=6)))

    def test_another_role_is_refused(self):
        self.assertIn("Unable to assume role", self.refusal(self.request(roleArn="arn:aws:iam::1:role/other")))


if __name__ == "__main__":
    unittest.main()
