"""The error of this package."""


class KeeperError(Exception):
    """The SDK was not pointed at the keeper, or a key cannot be used. Never contains a key."""
