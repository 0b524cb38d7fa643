"""The one error that may leave the SDK."""


class ConfigError(ValueError):
    """A setting or a decorator's argument cannot be used; raised at start-up, never during a request."""
