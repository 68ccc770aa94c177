"""What can go wrong, in one line that says what to do."""


class KeeperError(Exception):
    """The SDK was not pointed at the keeper, or a key cannot be used. Never contains a key."""
