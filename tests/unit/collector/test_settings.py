"""What the environment says, and what it may not say."""

from pathlib import Path

import pytest
from groundspan_collector.errors import ConfigError
from groundspan_collector.settings import ClockLimits, JudgeShare, Settings, parse_threads


def _load_with_server(**environ: str) -> Settings:
    return Settings.load(
        environ, data_dir=Path("data"), host="127.0.0.1", port=0, judge="lexical", clickhouse_url="http://db"
    )


def _load(**environ: str) -> Settings:
    return Settings.load(environ, data_dir=Path("data"), host="127.0.0.1", port=0, judge="lexical")


@pytest.mark.parametrize(
    ("environ", "expected"), [({}, True), ({"GROUNDSPAN_FSYNC": "1"}, True), ({"GROUNDSPAN_FSYNC": "0"}, False)]
)
def test_rows_are_durable_unless_it_is_switched_off(environ: dict[str, str], expected: bool) -> None:
    """Only an explicit 0 gives it up."""
    assert _load(**environ).fsync is expected


@pytest.mark.parametrize("value", ["", "no", "false", "2"])
def test_start_is_refused_when_fsync_is_neither_on_nor_off(value: str) -> None:
    """With the name, what is accepted and what was got."""
    with pytest.raises(ConfigError, match=f"GROUNDSPAN_FSYNC must be 1, or 0 .*{value!r}"):
        _load(GROUNDSPAN_FSYNC=value)


def test_spool_is_in_the_data_directory_unless_it_is_put_elsewhere(tmp_path: Path) -> None:
    """On another disk it is there when the store's is full."""
    assert _load().spool_folder == Path("data").resolve() / "spool"
    assert _load(GROUNDSPAN_SPOOL_DIR=str(tmp_path)).spool_folder == tmp_path


def test_clock_is_trusted_for_a_month_back_and_ten_minutes_ahead_unless_it_is_said() -> None:
    """An explicit 0 ahead is one."""
    environ = {"GROUNDSPAN_CLOCK_PAST_DAYS": "1", "GROUNDSPAN_CLOCK_AHEAD_MINUTES": "0"}

    assert _load().clock == ClockLimits(past_days=30, ahead_minutes=10)
    assert _load(**environ).clock == ClockLimits(past_days=1, ahead_minutes=0)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("GROUNDSPAN_CLOCK_PAST_DAYS", "0", "days, 1 to 36500"),
        ("GROUNDSPAN_CLOCK_PAST_DAYS", "36501", "days, 1 to 36500"),
        ("GROUNDSPAN_CLOCK_PAST_DAYS", "30d", "days, 1 to 36500"),
        ("GROUNDSPAN_CLOCK_AHEAD_MINUTES", "-1", "minutes, 0 to 525600"),
        ("GROUNDSPAN_CLOCK_AHEAD_MINUTES", "9" * 5000, "minutes, 0 to 525600"),
    ],
)
def test_start_is_refused_when_a_limit_of_the_clock_is_no_such_number(name: str, value: str, accepted: str) -> None:
    """With the name, what is accepted and what was got."""
    with pytest.raises(ConfigError, match=f"{name} must be a whole number of {accepted}, got {value!r}"):
        _load(**{name: value})


def test_spools_size_is_a_number_of_bytes() -> None:
    """0 is no spool; anything but a number is refused with its name."""
    assert _load(GROUNDSPAN_MAX_SPOOL_BYTES="0").max_spool_bytes == 0
    assert _load().max_spool_bytes == 1 << 30
    with pytest.raises(
        ConfigError, match="GROUNDSPAN_MAX_SPOOL_BYTES must be a number of bytes, 0 or more, got '1 GB'"
    ):
        _load(GROUNDSPAN_MAX_SPOOL_BYTES="1 GB")


@pytest.mark.parametrize("value", ["0", "1023", "67108865", "1 MB", "-1"])
def test_start_is_refused_when_the_longest_attribute_is_no_such_size(value: str) -> None:
    """None at all, or so little that ids and names would be cut as well."""
    with pytest.raises(
        ConfigError,
        match=f"GROUNDSPAN_MAX_ATTRIBUTE_BYTES must be a whole number of bytes, 1024 to 67108864, got {value!r}",
    ):
        _load(GROUNDSPAN_MAX_ATTRIBUTE_BYTES=value)


def test_longest_attribute_is_a_number_of_bytes() -> None:
    """A mebibyte unless it is set."""
    assert _load().max_attribute_bytes == 1 << 20
    assert _load(GROUNDSPAN_MAX_ATTRIBUTE_BYTES="1024").max_attribute_bytes == 1024


def test_whole_judging_is_ones_own_unless_it_is_shared() -> None:
    """On a server, others may take their parts of it, or all."""
    assert _load().judge_share == JudgeShare(1, 1)
    assert _load_with_server(GROUNDSPAN_JUDGE_SHARE="2/3").judge_share == JudgeShare(2, 3)
    assert _load_with_server(GROUNDSPAN_JUDGE_SHARE="0").judge_share is None


@pytest.mark.parametrize("value", ["", "0/2", "3/2", "1", "a/b", "1/", "-1/2"])
def test_start_is_refused_when_a_share_is_none(value: str) -> None:
    """With the name, what is accepted and what was got."""
    with pytest.raises(ConfigError, match=f"GROUNDSPAN_JUDGE_SHARE must be like 2/3.*{value!r}"):
        _load(GROUNDSPAN_JUDGE_SHARE=value)


def test_start_is_refused_when_judging_is_left_to_nobody() -> None:
    """Spans in a folder of one collector have no other."""
    with pytest.raises(ConfigError, match="use it with --clickhouse-url"):
        _load(GROUNDSPAN_JUDGE_SHARE="1/2")


def test_judging_may_be_left_to_workers() -> None:
    """With a server or without."""
    assert _load(GROUNDSPAN_JUDGE_SHARE="0").judge_share is None
    assert _load().judge_sample == ()
    assert [rule.ratio for rule in _load(GROUNDSPAN_JUDGE_SAMPLE="project=p:0.5,0.1").judge_sample] == [0.5, 0.1]


@pytest.mark.parametrize("threads", [0, 65])
def test_start_is_refused_when_threads_of_the_judge_cannot_be(threads: int) -> None:
    """With what is accepted."""
    with pytest.raises(ConfigError, match=f"--judge-threads must be 1 to 64, got {threads}"):
        parse_threads(threads)


def test_start_is_refused_when_fsync_is_set_for_a_server() -> None:
    """It would do nothing there."""
    with pytest.raises(ConfigError, match="GROUNDSPAN_FSYNC is for spans in --data-dir"):
        _load_with_server(GROUNDSPAN_FSYNC="0")
