"""Requests signed by botocore, AWS's own signer, are the reference; and AWS's published example."""

import unittest
from dataclasses import replace
from datetime import datetime, timezone

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sigv4 import MalformedSignature, Request, canonical_request, is_genuine, read_signature

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = "AKIDEXAMPLE"
STS = "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"


def wire(signed):
    """What a server would see of a request that botocore signed."""
    path_and_query = signed.url.split("//", 1)[1].partition("/")[2]
    path, _, query = path_and_query.partition("?")
    headers = {name.lower(): value for name, value in signed.headers.items()}
    headers.setdefault("host", signed.url.split("//", 1)[1].partition("/")[0])
    return Request(signed.method, "/" + path, query, headers, signed.body or b"")


def presigned(token=None):
    request = AWSRequest("GET", STS, headers={"x-k8s-aws-id": "sandbox"})
    SigV4QueryAuth(Credentials(KEY, SECRET, token), "sts", "us-east-1", expires=60).add_auth(request)
    return wire(request)


def signed(method="POST", url="https://sts.us-east-1.amazonaws.com/", body=b"Action=AssumeRole", service="sts"):
    request = AWSRequest(method, url, headers={"Content-Type": "application/x-www-form-urlencoded"}, data=body)
    SigV4Auth(Credentials(KEY, SECRET), service, "us-east-1").add_auth(request)
    return wire(request)


class SignatureV4(unittest.TestCase):
    def verdict(self, request, secret=SECRET):
        return is_genuine(request, read_signature(request), secret)

    def test_a_presigned_url_is_genuine(self):
        self.assertTrue(self.verdict(presigned()))

    def test_a_session_token_is_part_of_what_is_signed(self):
        request = presigned(token="IQo/+= token")
        self.assertEqual(read_signature(request).session_token, "IQo/+= token")
        self.assertTrue(self.verdict(request))
        self.assertFalse(self.verdict(replace(request, query=request.query.replace("token", "other"))))

    def test_a_signed_header_cannot_be_changed(self):
        request = presigned()
        other = {**request.headers, "x-k8s-aws-id": "another-cluster"}
        self.assertFalse(self.verdict(replace(request, headers=other)))

    def test_an_authorization_header_is_genuine(self):
        self.assertTrue(self.verdict(signed()))

    def test_a_body_cannot_be_changed(self):
        self.assertFalse(self.verdict(replace(signed(), body=b"Action=GetCallerIdentity")))

    def test_a_wrong_secret_is_told(self):
        self.assertFalse(self.verdict(presigned(), "another secret"))
        self.assertFalse(self.verdict(signed(), "another secret"))

    def test_a_path_with_encoded_characters_is_encoded_twice(self):
        url = "https://eks.us-east-1.amazonaws.com/clusters/a%20b/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"
        self.assertTrue(self.verdict(signed("GET", url, b"", "eks")))

    def test_no_signature_at_all_is_named(self):
        with self.assertRaisesRegex(MalformedSignature, "missing Authentication Token"):
            read_signature(Request("GET", "/", "Action=GetCallerIdentity", {"host": "x"}))

    def test_a_signature_that_leaves_the_host_out_is_refused(self):
        request = presigned()
        with self.assertRaisesRegex(MalformedSignature, "Host"):
            read_signature(replace(request, query=request.query.replace("host%3B", "")))

    def test_the_example_of_aws_documentation(self):
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (ListUsers)"""
        headers = {
            "host": "iam.amazonaws.com",
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        }
        request = Request("GET", "/", "Action=ListUsers&Version=2010-05-08", headers)
        signature = read_signature(request)
        self.assertEqual(signature.signed_at, datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc))
        self.assertIn("\ncontent-type;host;x-amz-date\n", canonical_request(request, signature))
        self.assertTrue(is_genuine(request, signature, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))


if __name__ == "__main__":
    unittest.main()
