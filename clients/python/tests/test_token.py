"""Which keys are taken, and what is said of the others."""

import base64
import json
import tempfile
import unittest
from pathlib import Path

import fyers_keeper


def jwt(**claims):
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    return ".".join([base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts] + ["c2ln"])


class Token(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "gateway.key")

    def refusal(self, key):
        with self.assertRaises(fyers_keeper.KeeperError) as raised:
            fyers_keeper.token(key)
        self.assertNotIn("\n", str(raised.exception))
        return str(raised.exception)

    def test_a_key_is_taken_as_it_is(self):
        for key in ("Pl4in-gateway_key-2026", jwt(iss="fyers-keeper", exp=1), "a.b.c", "x" * 5000):
            self.assertEqual(fyers_keeper.token(f" {key}\n"), key)

    def test_a_file_is_read_by_path_object_and_by_text(self):
        self.file.write_text("the-key\n")
        self.assertEqual(fyers_keeper.token(self.file), "the-key")
        self.assertEqual(fyers_keeper.token(str(self.file)), "the-key")

    def test_a_missing_file_is_not_taken_for_a_key(self):
        self.assertIn("cannot be read", self.refusal(self.file))
        self.assertIn("cannot be read", self.refusal("gateway.key"))
        self.assertIn("cannot be read", self.refusal("state/gateway"))

    def test_files_that_are_no_key_files(self):
        self.file.write_bytes(b"\xff\xfe")
        self.assertIn("not plain text", self.refusal(self.file))
        self.file.write_bytes(b"x" * 9000)
        self.assertIn("too large", self.refusal(self.file))
        self.file.write_text(" \n")
        self.assertIn("empty", self.refusal(self.file))

    def test_what_cannot_be_a_key_is_refused_and_not_repeated(self):
        for key in ("APP-100:SEKRET", "two SEKRET", "SEKRET\nSEKRET", "SEKR\u00c9T"):
            self.assertNotIn("SEK", self.refusal(key))

    def test_a_token_of_fyers_is_refused(self):
        for issuer in ("api.fyers.in", "api.login.fyers.in"):
            self.assertIn("access token of FYERS", self.refusal(jwt(iss=issuer, exp=4102444800)))


if __name__ == "__main__":
    unittest.main()
