"""The access token a bot gives the SDK: its key of the keeper."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Union

from fyers_keeper._errors import KeeperError

# A key is a few hundred characters; a larger file is another file.
_MOST_BYTES = 8192


def token(path_or_key: Union[str, os.PathLike[str]]) -> str:
    """The key in this file, or this key itself, as the SDK's classes take it for `token` and `access_token`.

    An access token of FYERS is refused: it belongs to the keeper only.
    """
    if isinstance(path_or_key, os.PathLike):
        return _checked(_read(Path(path_or_key)))
    text = path_or_key.strip()
    if _is_path(text):
        return _checked(_read(Path(text)))
    return _checked(text)


def _is_path(text: str) -> bool:
    if text.endswith((".key", ".txt")) or os.sep in text or "/" in text:
        return True
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # Too long for a name: a key.
        return False


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeeperError(f"the key file {str(path)!r} cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise KeeperError(f"{str(path)!r} is too large for a key file")
    try:
        return content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise KeeperError(f"{str(path)!r} has no key in it: it is not plain text") from None


def _checked(key: str) -> str:
    if not key:
        raise KeeperError("the key is empty: `fyers-keeper key show` prints one")
    # The SDK puts the key into a header, and `APPID:KEY` is split at the colon.
    if not key.isascii() or not key.isprintable() or " " in key or ":" in key:
        raise KeeperError("a key is one word of plain characters without `:`: give it without the app id before it")
    if "fyers.in" in str(_claims(key).get("iss", "")):
        raise KeeperError("this is an access token of FYERS; a bot needs a key of the keeper (`fyers-keeper key add NAME`)")
    return key


def _claims(key: str) -> dict[str, object]:
    """What a JWT says of itself; nothing when the key is no JWT, which it need not be."""
    parts = key.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "==="))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
