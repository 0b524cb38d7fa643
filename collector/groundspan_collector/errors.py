"""What can go wrong, and whether the same bytes would fail again.

CollectorError
├── ConfigError              at start: exit code 2, before a port opens
├── RejectedData             400
│   ├── BodyTooLarge         413
│   └── UnsupportedContent   415
├── Unauthorized             401
├── Forbidden                403
├── NotFound                 404
├── StoreUnavailable         503, Retry-After
│   ├── Overloaded           503, Retry-After
│   └── SpoolFull            503, Retry-After
├── JudgeFailed              becomes a verdict `unjudged`
└── Stopping                 nothing is decided: it is done again after the next start
"""

from typing import ClassVar, Final

RETRY_AFTER_S: Final = 1
"""What a client is told to wait. It must be small: exporters give up where it is more than the time they have left."""


class CollectorError(Exception):
    """Anything the collector tells a caller or an operator."""

    http_status: ClassVar[int] = 500
    grpc_code: ClassVar[int] = 13
    """The code of the google.rpc.Status that an OTLP client gets."""


class ConfigError(CollectorError):
    """A setting that cannot be started with."""


class RejectedData(CollectorError):
    """The same bytes will be refused again."""

    http_status = 400
    grpc_code = 3


class BodyTooLarge(RejectedData):
    """More bytes than the collector takes in one request, after decompression."""

    http_status = 413
    grpc_code = 8


class UnsupportedContent(RejectedData):
    """A content type or encoding that this endpoint does not read."""

    http_status = 415


class Unauthorized(CollectorError):
    """No token, or one that is not known."""

    http_status = 401
    grpc_code = 16


class Forbidden(CollectorError):
    """A token that does not carry the right."""

    http_status = 403
    grpc_code = 7


class NotFound(CollectorError):
    """What was asked for is not stored."""

    http_status = 404
    grpc_code = 5


class StoreUnavailable(CollectorError):
    """Nothing is wrong with the data: try again."""

    http_status = 503
    grpc_code = 14


class Overloaded(StoreUnavailable):
    """More bytes are in flight than the collector holds."""


class SpoolFull(StoreUnavailable):
    """The store cannot write now, and there is no room on disk for what waits for it."""


class JudgeFailed(CollectorError):
    """A judge gave no verdict."""


class Stopping(CollectorError):
    """The process is to end, and what it was waiting for is left."""
