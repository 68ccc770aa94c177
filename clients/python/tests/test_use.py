"""What `use` changes in the installed SDK, and that it can be undone. Needs the SDK; no keeper."""

import importlib
import os
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import fyers_keeper
from fyers_apiv3 import fyersModel
from fyers_apiv3.FyersWebsocket import data_ws, order_ws

KEEPER = "http://keeper.test:8080"
FYERS = (
    "https://api-t1.fyers.in/api/v3",
    "https://api-t1.fyers.in/data",
    "wss://socket.fyers.in/hsm/v1-5/prod",
    "https://api-t1.fyers.in/data/symbol-token",
    "wss://socket.fyers.in/trade/v3",
)
# Every address in the source of any version: what stands here is replaced, refused or not asked after `use`.
KNOWN = {
    *FYERS,
    "https://public.fyers.in/sym_details/index_hsm_mapping.json",
    "https://api-t1.fyers.in/indus/home/tbtws",
    "wss://rtsocket-api.fyers.in/versova",
}


def in_folder(test):
    """The SDK writes log files where it stands."""
    folder, before = tempfile.TemporaryDirectory(), os.getcwd()
    os.chdir(folder.name)
    test.addCleanup(folder.cleanup)
    test.addCleanup(os.chdir, before)


def addresses():
    """Where the SDK would go now."""
    return (
        fyersModel.Config.API,
        fyersModel.Config.DATA_API,
        data_ws.FyersDataSocket(access_token="key", log_path=".")._FyersDataSocket__url,
        data_ws.SymbolConversion("key", "SymbolUpdate", "").symbols_token_api,
        order_ws.FyersOrderSocket(access_token="key", log_path=".")._FyersOrderSocket__url,
    )


def at(base):
    sockets = base.replace("http", "ws", 1)
    return (f"{base}/api/v3", f"{base}/data", f"{sockets}/hsm/v1-5/prod", f"{base}/data/symbol-token", f"{sockets}/trade/v3")


class Use(unittest.TestCase):
    def setUp(self):
        in_folder(self)

    def tearDown(self):
        self.assertEqual(addresses(), FYERS, "a test left the SDK changed")

    def test_everything_points_at_the_keeper_until_it_is_undone(self):
        keeper = fyers_keeper.use(f"{KEEPER}/")
        self.addCleanup(keeper.undo)
        self.assertEqual(addresses(), at(KEEPER))
        self.assertNotIn("data_ws", keeper.left_out)
        self.assertNotIn("order_ws", keeper.left_out)
        keeper.undo()
        self.assertEqual(addresses(), FYERS)
        keeper.undo()
        self.assertEqual(addresses(), FYERS)

    def test_in_a_with_statement_it_is_undone_after_an_error(self):
        with self.assertRaises(ZeroDivisionError), fyers_keeper.use("https://keeper.test/below"):
            self.assertEqual(addresses(), at("https://keeper.test/below"))
            raise ZeroDivisionError

    def test_a_second_use_takes_the_place_of_the_first(self):
        first = fyers_keeper.use("http://first.test")
        second = fyers_keeper.use("http://second.test")
        first.undo()
        self.assertEqual(addresses(), at("http://second.test"))
        second.undo()

    def test_a_version_that_is_not_known_is_refused_and_nothing_is_changed(self):
        for version in ("3.0.8", "3.2.1", "4.0.0"):
            with mock.patch("fyers_keeper._sdk.metadata.version", return_value=version):
                with self.assertRaisesRegex(fyers_keeper.KeeperError, rf"{re.escape(version)} is not known .*3\.0\.9 to 3\.2\.0"):
                    fyers_keeper.use(KEEPER)
            self.assertEqual(addresses(), FYERS)

    def test_an_sdk_that_was_changed_is_refused_and_nothing_is_changed(self):
        with mock.patch.object(data_ws, "SymbolConversion", type("SymbolConversion", (), {})):
            with self.assertRaisesRegex(fyers_keeper.KeeperError, "not as it was published"):
                fyers_keeper.use(KEEPER)
        self.assertEqual(addresses(), FYERS)

    def test_what_is_no_address_of_a_keeper_is_refused(self):
        bad = ("", "keeper:8080", "ws://keeper", "http://", "http://keeper:port", "http://keeper?x=1", "https://api-t1.fyers.in")
        for base in bad:
            with self.assertRaises(fyers_keeper.KeeperError, msg=base) as raised:
                fyers_keeper.use(base)
            self.assertIn("http://127.0.0.1:8080", str(raised.exception))
        with self.assertRaises(fyers_keeper.KeeperError) as raised:
            fyers_keeper.use("http://name:SEKRET@keeper")
        self.assertNotIn("SEKRET", str(raised.exception))

    def test_the_sdk_has_no_address_that_is_not_known(self):
        files = list(Path(fyersModel.__file__).parent.rglob("*.py"))
        found = {url for file in files for url in re.findall(r"(?:https?|wss?)://[^\"'\s]+", file.read_text(encoding="utf-8"))}
        self.assertGreaterEqual(found, set(FYERS))
        self.assertLessEqual(found, KNOWN)

    def test_the_tick_by_tick_socket_is_refused(self):
        with fyers_keeper.use(KEEPER) as keeper:
            if "tbt_ws" in keeper.left_out:
                self.skipTest(f"tick-by-tick cannot be loaded: {keeper.left_out['tbt_ws']}")
            module = importlib.import_module("fyers_apiv3.FyersWebsocket.tbt_ws")
            with self.assertRaisesRegex(fyers_keeper.KeeperError, "no tick-by-tick"):
                module.FyersTbtSocket(access_token="key", log_path=".")


if __name__ == "__main__":
    unittest.main()
