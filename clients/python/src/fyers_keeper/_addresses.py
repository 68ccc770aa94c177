"""The keeper's addresses, made from the one a person gives."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fyers_keeper._errors import KeeperError


@dataclass(frozen=True)
class Addresses:
    """Where the keeper answers what the SDK asks FYERS."""

    base: str
    api: str
    data: str
    symbol_token: str
    data_socket: str
    order_socket: str

    @classmethod
    def of(cls, base: str) -> Addresses:
        """The addresses below `base`, as `http://127.0.0.1:8080`."""
        base = _checked(base.strip()).rstrip("/")
        sockets = "ws" + base[len("http") :]
        return cls(
            base=base,
            api=f"{base}/api/v3",
            data=f"{base}/data",
            symbol_token=f"{base}/data/symbol-token",
            data_socket=f"{sockets}/hsm/v1-5/prod",
            order_socket=f"{sockets}/trade/v3",
        )


def _checked(base: str) -> str:
    example = "give the keeper's address, for example http://127.0.0.1:8080"
    try:
        parts = urlsplit(base)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        raise KeeperError(f"this is no address: {example}") from None
    if "@" in parts.netloc:
        # A password would end up in the SDK's log files. The text is not repeated for the same reason.
        raise KeeperError(f"the address has a user name or a password in it: {example}")
    if parts.scheme not in ("http", "https") or not base.startswith(parts.scheme) or not parts.hostname:
        raise KeeperError(f"{base!r} is no http:// or https:// address: {example}")
    if parts.query or parts.fragment or not port_is_good:
        raise KeeperError(f"{base!r} has more in it than an address: {example}")
    host = parts.hostname
    if host == "fyers.in" or host.endswith(".fyers.in"):
        raise KeeperError(f"{base!r} is FYERS itself: {example}")
    return base
