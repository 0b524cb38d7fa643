"""What the collector is told from outside. The only place that reads the environment."""

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from groundspan_collector.errors import ConfigError
from groundspan_collector.sampling import Rule, parse_rules
from groundspan_collector.server_address import ServerAddress, parse_server

MIB: Final = 1024 * 1024
MAX_SPOOL_BYTES: Final = 1024 * MIB
MAX_BODY_BYTES: Final = 64 * MIB
MAX_ATTRIBUTE_BYTES: Final = MIB
LEAST_ATTRIBUTE_BYTES: Final = 1024
"""Below it ids and names would be cut as well."""
SECOND_NS: Final = 1_000_000_000
MAX_PAST_DAYS: Final = 36_500
MAX_AHEAD_MINUTES: Final = 525_600
MOST_JUDGE_THREADS: Final = 64
RIGHTS: Final = frozenset({"write", "read", "sql", "backup"})

_SHARE = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")
_TOKENS_SHAPE = '{"TOKEN": {"project": "NAME", "rights": ["write", "read", "sql", "backup"]}}'


@dataclass(frozen=True, slots=True)
class Access:
    """What the bearer of a token may do."""

    project: str
    """The only project that is written and read with it; empty: any."""
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """A span that starts longer before, or after, its receipt has a clock that is wrong."""

    past_days: int = 30
    ahead_minutes: int = 10

    @property
    def past_ns(self) -> int:
        """Longest before."""
        return self.past_days * 24 * 3600 * SECOND_NS

    @property
    def ahead_ns(self) -> int:
        """Longest after."""
        return self.ahead_minutes * 60 * SECOND_NS


USUAL_CLOCK: Final = ClockLimits()


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days something is kept; None: for ever."""

    days: int | None = None
    text_days: int | None = None
    """Texts: of spans, chunks, answers and claims. Counts, costs and verdicts outlive them."""

    def __post_init__(self) -> None:
        for name, days in (("--retain-days", self.days), ("--retain-text-days", self.text_days)):
            if days is not None and days < 1:
                raise ConfigError(f"{name} must be 1 or more, got {days}; leave it out to keep everything")

    def __str__(self) -> str:
        """What is said at the start."""
        if self.days is None and self.text_days is None:
            return "everything is kept for ever"
        spans = "spans are kept for ever" if self.days is None else f"spans are kept for {self.days} days"
        return spans if self.text_days is None else f"{spans}, texts for {self.text_days} days"


@dataclass(frozen=True, slots=True)
class JudgeShare:
    """Which of the traces one collector judges, where several share a server: the *number*-th *of* so many parts."""

    number: int
    of: int


WHOLE: Final = JudgeShare(1, 1)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a collector runs."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 4318
    """0 takes a free one."""
    grpc_port: int | None = 4317
    """0 takes a free one; None: no gRPC."""
    judge: str = "lexical"
    tokens: Mapping[str, Access] = field(default_factory=dict, repr=False)
    """Empty: everyone who reaches the port may do everything, so the host must be loopback."""
    max_body_bytes: int = MAX_BODY_BYTES
    """Of one request, after decompression; what OTLP recommends."""
    max_in_flight_bytes: int = 256 * MIB
    """Of all requests that wait for an answer; above it 503."""
    max_group_bytes: int = 16 * MIB
    max_attribute_bytes: int = MAX_ATTRIBUTE_BYTES
    """Of one value of a span, an event, a resource or a log record; what is longer is cut."""
    memory_bytes: int = 2048 * MIB
    """What the storage engine may take."""
    max_spool_bytes: int = MAX_SPOOL_BYTES
    """On disk, of what was acknowledged while the store could not write; above it 503."""
    spool_dir: Path | None = None
    """Where that is kept; None: in data_dir. On another disk it is there when the store's is full."""
    fsync: bool = True
    """Off, what was acknowledged last may be lost when the power is cut: for figures, and for data you can lose."""
    retention: Retention = Retention()
    clock: ClockLimits = USUAL_CLOCK
    quiet_s: float = 2.0
    """A trace is judged when no span of it arrived for so long."""
    server: ServerAddress | None = None
    """Where spans are stored; None: in data_dir."""
    judge_share: JudgeShare | None = WHOLE
    """None: others judge, collectors on the same server or workers."""
    judge_threads: int = 1
    judge_sample: tuple[Rule, ...] = ()
    """Which answers are judged; empty: all."""

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str],
        *,
        data_dir: Path,
        host: str,
        port: int,
        judge: str,
        grpc_port: str = "",
        retain_days: int | None = None,
        retain_text_days: int | None = None,
        clickhouse_url: str = "",
        cluster: str = "",
        judge_threads: int = 1,
        no_judge: bool = False,
    ) -> "Settings":
        """Settings from the command line and the environment.

        Raises ConfigError for what cannot be started with.
        """
        if not 0 <= port <= 65535:
            raise ConfigError(f"--port must be 0 to 65535, got {port}")
        tokens = parse_tokens(environ.get("GROUNDSPAN_TOKENS", ""))
        if not tokens and not is_loopback(host):
            raise ConfigError(
                f"--host {host} can be reached from other machines, and reports show prompts: set GROUNDSPAN_TOKENS "
                f"to {_TOKENS_SHAPE} or to a file that holds this, or use --host 127.0.0.1"
            )
        spool_dir = environ.get("GROUNDSPAN_SPOOL_DIR", "")
        server = parse_server(clickhouse_url, cluster, environ)
        if server and "GROUNDSPAN_FSYNC" in environ:
            raise ConfigError("GROUNDSPAN_FSYNC is for spans in --data-dir; with --clickhouse-url, leave it out")
        return cls(
            data_dir=data_dir.resolve(),
            host=host,
            port=port,
            grpc_port=parse_grpc_port(grpc_port, port),
            judge=judge,
            tokens=tokens,
            max_attribute_bytes=_whole(
                environ,
                "GROUNDSPAN_MAX_ATTRIBUTE_BYTES",
                "bytes",
                LEAST_ATTRIBUTE_BYTES,
                MAX_BODY_BYTES,
                MAX_ATTRIBUTE_BYTES,
            ),
            max_spool_bytes=parse_bytes(environ, "GROUNDSPAN_MAX_SPOOL_BYTES", MAX_SPOOL_BYTES),
            spool_dir=Path(spool_dir).resolve() if spool_dir else None,
            fsync=parse_fsync(environ),
            retention=Retention(retain_days, retain_text_days),
            clock=parse_clock(environ),
            server=server,
            judge_share=None
            if no_judge
            else parse_judge_share(environ.get("GROUNDSPAN_JUDGE_SHARE", "1/1"), shared=server is not None),
            judge_threads=parse_threads(judge_threads),
            judge_sample=parse_rules(environ.get("GROUNDSPAN_JUDGE_SAMPLE", "")),
        )

    @property
    def others_are_late_by(self) -> timedelta:
        """How long what another collector acknowledged may be in its spool, and still be judged and priced here."""
        return timedelta(hours=1) if self.server else timedelta(0)

    @property
    def spool_folder(self) -> Path:
        """Where the spool is."""
        return self.spool_dir or self.data_dir / "spool"


def parse_grpc_port(text: str, http_port: int) -> int | None:
    """The port for gRPC, None for none; without a *text* the usual one, or a free one where HTTP takes a free one."""
    if text == "off":
        return None
    if not text:
        return 4317 if http_port else 0
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ConfigError(f"--grpc-port must be 0 to 65535, or off, got {text!r}")
    return int(text)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parse_fsync(environ: Mapping[str, str]) -> bool:
    """GROUNDSPAN_FSYNC: 1 unless it is set to 0. Raises ConfigError for anything else."""
    value = environ.get("GROUNDSPAN_FSYNC", "1")
    if value not in {"0", "1"}:
        raise ConfigError(f"GROUNDSPAN_FSYNC must be 1, or 0 for data that may be lost, got {value!r}")
    return value == "1"


def parse_judge_share(text: str, *, shared: bool) -> JudgeShare | None:
    """GROUNDSPAN_JUDGE_SHARE, like 2/3; None for 0. Raises ConfigError for anything else, or for a store of our own."""
    share = None if text == "0" else parse_share("GROUNDSPAN_JUDGE_SHARE", text, "or 0")
    if share not in {None, WHOLE} and not shared:
        raise ConfigError(
            f"GROUNDSPAN_JUDGE_SHARE {text} leaves traces to other collectors, and spans in --data-dir have no other: "
            "use it with --clickhouse-url, or leave it out"
        )
    return share


def parse_share(name: str, text: str, otherwise: str = "") -> JudgeShare:
    """A share like 2/3, the second of three parts. Raises ConfigError for anything else."""
    match = _SHARE.fullmatch(text)
    if not match or int(match[1]) > int(match[2]):
        accepted = ", ".join(each for each in ("like 2/3, the second of three parts", otherwise) if each)
        raise ConfigError(f"{name} must be {accepted}, got {text!r}")
    return JudgeShare(int(match[1]), int(match[2]))


def parse_threads(threads: int) -> int:
    """--judge-threads. Raises ConfigError for what cannot be."""
    if not 1 <= threads <= MOST_JUDGE_THREADS:
        raise ConfigError(f"--judge-threads must be 1 to {MOST_JUDGE_THREADS}, got {threads}")
    return threads


def parse_bytes(environ: Mapping[str, str], name: str, default: int) -> int:
    """The size that *name* sets. Raises ConfigError where it is no whole number, or negative."""
    value = environ.get(name, "") or str(default)
    if not value.isascii() or not value.isdigit():
        raise ConfigError(f"{name} must be a number of bytes, 0 or more, got {value!r}")
    return int(value)


def parse_clock(environ: Mapping[str, str]) -> ClockLimits:
    """GROUNDSPAN_CLOCK_PAST_DAYS and GROUNDSPAN_CLOCK_AHEAD_MINUTES. Raises ConfigError for what they cannot be."""
    return ClockLimits(
        _whole(environ, "GROUNDSPAN_CLOCK_PAST_DAYS", "days", 1, MAX_PAST_DAYS, USUAL_CLOCK.past_days),
        _whole(environ, "GROUNDSPAN_CLOCK_AHEAD_MINUTES", "minutes", 0, MAX_AHEAD_MINUTES, USUAL_CLOCK.ahead_minutes),
    )


def _whole(environ: Mapping[str, str], name: str, unit: str, least: int, most: int, default: int) -> int:
    value = environ.get(name, "") or str(default)
    if not value.isascii() or not value.isdigit() or len(value) > 9 or not least <= int(value) <= most:
        raise ConfigError(f"{name} must be a whole number of {unit}, {least} to {most}, got {value!r}")
    return int(value)


def parse_tokens(text: str) -> dict[str, Access]:
    """Tokens from JSON, or from the file that *text* names. Raises ConfigError without repeating a token."""
    text = text.strip()
    if not text:
        return {}
    if not text.startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            # Not the error's own words: they repeat the name, and what was taken for a name may be a token.
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise ConfigError(
                f"GROUNDSPAN_TOKENS is not JSON like {_TOKENS_SHAPE}, nor the name of a file that can be read: {reason}"
            ) from error
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"GROUNDSPAN_TOKENS must be JSON like {_TOKENS_SHAPE}: {error}") from error
    if not isinstance(entries, dict) or not entries:
        raise ConfigError(f"GROUNDSPAN_TOKENS must be JSON like {_TOKENS_SHAPE}, got a {type(entries).__name__}")
    return {token: _access(token, entry) for token, entry in entries.items()}


def _access(token: str, entry: object) -> Access:
    if not token:
        raise ConfigError("GROUNDSPAN_TOKENS holds an empty token")
    if not isinstance(entry, dict) or not isinstance(entry.get("project", ""), str):
        raise ConfigError(f"each token of GROUNDSPAN_TOKENS must be like {_TOKENS_SHAPE}")
    rights = entry.get("rights")
    if not isinstance(rights, list) or not rights or not RIGHTS.issuperset(map(str, rights)):
        raise ConfigError(f"a token's rights must be some of {sorted(RIGHTS)}, got {rights!r}")
    return Access(entry.get("project", ""), frozenset(rights))


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
