"""`use`, and what it returns."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Dict, Optional, Type, Union

from fyers_keeper import _sdk, _token
from fyers_keeper._addresses import Addresses

_lock = threading.Lock()
_current: Optional[Keeper] = None


class Keeper:
    """The SDK, pointed at a keeper. In a `with` statement it is undone at the end."""

    def __init__(self, base: str) -> None:
        """Use `use` instead."""
        self.addresses = Addresses.of(base)
        self.sdk_version = _sdk.installed()
        self._patches = _sdk.Patches()
        try:
            self.left_out: Dict[str, str] = _sdk.point_at(self.addresses, self._patches)
            """Modules of the SDK that cannot be loaded here, with the reason; a bot cannot load them either."""
        except BaseException:
            self._patches.undo()
            raise

    def token(self, path_or_key: Union[str, os.PathLike[str]]) -> str:
        """The key in this file, or this key itself, as the SDK takes it."""
        return _token.token(path_or_key)

    def undo(self) -> None:
        """Points the SDK at FYERS again. Sockets that exist already keep their address. Twice is as good as once."""
        global _current
        with _lock:
            self._patches.undo()
            if _current is self:
                _current = None

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<fyers-apiv3 {self.sdk_version} at {self.addresses.base}>"


def use(base: str) -> Keeper:
    """Points the official SDK at the keeper at this address, as `http://127.0.0.1:8080`.

    Call it before sockets are made. A second call takes the place of the first. Raises `KeeperError` for a version of
    the SDK that is not known, and then changes nothing.
    """
    global _current
    Addresses.of(base)
    _sdk.installed()
    with _lock:
        if _current is not None:
            _current._patches.undo()
            _current = None
        _current = Keeper(base)
        return _current
