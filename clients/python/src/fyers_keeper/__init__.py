"""Points FYERS' official Python SDK, `fyers-apiv3`, at a fyers-keeper.

    import fyers_keeper

    keeper = fyers_keeper.use("http://127.0.0.1:8080")
    key = keeper.token("state/gateway.key")

After `use` REST requests, the data socket, the order socket and symbol look-ups go to the keeper, wherever in the
program they are made. Nothing else of the SDK changes.
"""

from fyers_keeper._errors import KeeperError
from fyers_keeper._keeper import Keeper, use
from fyers_keeper._sdk import VERSIONS
from fyers_keeper._token import token

__all__ = ["VERSIONS", "Keeper", "KeeperError", "token", "use"]
