"""What each version of `fyers-apiv3` has fixed in its code, and how it is replaced.

REST addresses are attributes of one class. The sockets write theirs into each object while it is made, so their
`__init__` is wrapped. Looked up in the source of every version in `VERSIONS`; the tests do it again.
"""

from __future__ import annotations

import functools
import importlib
from importlib import metadata
from types import ModuleType
from typing import Any, Callable, Dict, List, NoReturn

from fyers_keeper._addresses import Addresses
from fyers_keeper._errors import KeeperError

VERSIONS = ("3.0.9", *(f"3.1.{number}" for number in range(20)), "3.2.0")
"""The versions of the SDK that are known."""

Undo = Callable[[], None]


def installed() -> str:
    """The installed version of the SDK, which must be a known one."""
    try:
        version = metadata.version("fyers-apiv3")
    except metadata.PackageNotFoundError:
        raise KeeperError("fyers-apiv3 is not installed: pip install fyers-apiv3==3.2.0") from None
    if version not in VERSIONS:
        known = f"{VERSIONS[0]} to {VERSIONS[-1]}"
        raise KeeperError(f"fyers-apiv3 {version} is not known here ({known} are): install one of these, or a newer fyers-keeper")
    return version


class Patches:
    """Replaced attributes, and what they were."""

    def __init__(self) -> None:
        self._undo: List[Undo] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replaces an attribute, which must be there already."""
        if name not in vars(owner):
            raise KeeperError(f"the SDK is not as it was published: {owner.__name__}.{name} is missing; reinstall fyers-apiv3")
        before = vars(owner)[name]
        self._undo.append(lambda: setattr(owner, name, before))
        setattr(owner, name, value)

    def after_init(self, owner: Any, attribute: str, value: str) -> None:
        """Gives every new object of a class this value in place of FYERS' address."""
        original = owner.__init__

        @functools.wraps(original)
        def init(self: Any, *arguments: Any, **named: Any) -> None:
            original(self, *arguments, **named)
            if attribute not in vars(self):
                raise KeeperError(f"the SDK is not as it was published: {owner.__name__} has no address; reinstall fyers-apiv3")
            setattr(self, attribute, value)

        self.set(owner, "__init__", init)

    def undo(self) -> None:
        """Puts everything back, the newest first."""
        while self._undo:
            self._undo.pop()()


def point_at(addresses: Addresses, patches: Patches) -> Dict[str, str]:
    """Points the SDK at these addresses. Returns the modules that cannot be loaded here, with the reason."""
    try:
        model = importlib.import_module("fyers_apiv3.fyersModel")
    except ImportError as error:
        raise KeeperError(f"fyers-apiv3 cannot be loaded ({error}): install what it needs") from None
    patches.set(model.Config, "API", addresses.api)
    patches.set(model.Config, "DATA_API", addresses.data)
    left_out: Dict[str, str] = {}
    for name, patch in (("data_ws", _data_socket), ("order_ws", _order_socket), ("tbt_ws", _no_tick_by_tick)):
        try:
            module = importlib.import_module(f"fyers_apiv3.FyersWebsocket.{name}")
        except Exception as error:  # It fails for the bot in the same way: old SDKs have no tbt_ws, protobuf may be missing.
            left_out[name] = f"{type(error).__name__}: {error}"
        else:
            patch(module, addresses, patches)
    return left_out


def _data_socket(module: ModuleType, addresses: Addresses, patches: Patches) -> None:
    patches.after_init(module.FyersDataSocket, "_FyersDataSocket__url", addresses.data_socket)
    patches.set(module.FyersDataSocket, "access_token_to_hsmtoken", _show_the_key)
    patches.after_init(module.SymbolConversion, "symbols_token_api", addresses.symbol_token)
    if hasattr(module.SymbolConversion, "_index_hsm_mapping_cache"):
        # From 3.1.18 on the SDK fetches its list of index names from a host of FYERS. An empty list makes it use the one
        # it brings along; a name that is in neither is made from the symbol, as the keeper does it.
        patches.set(module.SymbolConversion, "_index_hsm_mapping_cache", {})


def _show_the_key(self: Any) -> bool:
    """In place of the SDK's look into the token: the keeper takes the key itself, which need not be a JWT."""
    self._FyersDataSocket__hsm_token = self._FyersDataSocket__access_token.rpartition(":")[2]
    self._FyersDataSocket__valid_token = True
    return True


def _order_socket(module: ModuleType, addresses: Addresses, patches: Patches) -> None:
    patches.after_init(module.FyersOrderSocket, "_FyersOrderSocket__url", addresses.order_socket)


def _no_tick_by_tick(module: ModuleType, _addresses: Addresses, patches: Patches) -> None:
    def refuse(_access_token: str) -> NoReturn:
        raise KeeperError("the keeper has no tick-by-tick socket (50 levels); use FyersDataSocket with data_type DepthUpdate")

    patches.set(module, "getUrl", refuse)
