"""Settings: where each comes from, and what is refused."""

import inspect

import groundspan as gs
import pytest
from groundspan import ConfigError
from groundspan.settings import VARIABLES, Settings


def test_endpoint_is_the_local_collector_when_nothing_is_set() -> None:
    """Without any setting, spans go to the collector's own default address."""
    assert Settings.from_env({}).traces_url == "http://127.0.0.1:4318/v1/traces"


def test_explicit_argument_wins_when_all_sources_name_a_service() -> None:
    """An argument beats GROUNDSPAN_*, which beats OTEL_*."""
    environ = {"GROUNDSPAN_SERVICE_NAME": "ours", "OTEL_SERVICE_NAME": "otel"}

    assert Settings.from_env(environ, service_name="said").service_name == "said"
    assert Settings.from_env(environ, service_name=None).service_name == "ours"
    assert Settings.from_env({"OTEL_SERVICE_NAME": "otel"}).service_name == "otel"


def test_resource_attributes_name_the_version_when_nothing_else_does() -> None:
    """OTEL_RESOURCE_ATTRIBUTES is the last source, with its values url-decoded."""
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.version=1%2E2, deployment.environment.name=staging"}

    settings = Settings.from_env(environ)

    assert (settings.version, settings.environment) == ("1.2", "staging")


def test_traces_path_is_not_doubled_when_the_endpoint_has_it() -> None:
    """OTel's endpoint for traces names the whole path."""
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://host:4318/v1/traces/"}

    assert Settings.from_env(environ).traces_url == "https://host:4318/v1/traces"


def test_explicit_zero_is_kept_when_the_environment_says_more() -> None:
    """Zero is a value, not the absence of one."""
    settings = Settings.from_env({"GROUNDSPAN_SHUTDOWN_TIMEOUT_S": "9"}, shutdown_timeout_s=0.0)

    assert settings.shutdown_timeout_s == 0.0


def test_false_is_kept_when_the_environment_disables() -> None:
    """disabled=False wins over GROUNDSPAN_DISABLED."""
    environ = {"GROUNDSPAN_DISABLED": "true"}

    assert Settings.from_env(environ).disabled
    assert not Settings.from_env(environ, disabled=False).disabled


def test_empty_variable_counts_as_unset() -> None:
    """An empty variable falls through to the next source."""
    environ = {"GROUNDSPAN_SERVICE_NAME": "", "OTEL_SERVICE_NAME": "otel"}

    assert Settings.from_env(environ).service_name == "otel"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"GROUNDSPAN_ENDPOINT": "localhost:4318"}, "endpoint must be a URL"),
        ({"GROUNDSPAN_TOKEN": "a\nb"}, "token must be printable"),
        ({"GROUNDSPAN_DISABLED": "perhaps"}, "GROUNDSPAN_DISABLED must be true or false, got 'perhaps'"),
        ({"GROUNDSPAN_EXPORT_TIMEOUT_S": "soon"}, "GROUNDSPAN_EXPORT_TIMEOUT_S must be a number, got 'soon'"),
        ({"GROUNDSPAN_EXPORT_TIMEOUT_S": "nan"}, "export_timeout_s must be more than 0"),
        ({"GROUNDSPAN_MAX_QUEUE_SPANS": "0"}, "max_queue_spans must be more than 0"),
        ({"GROUNDSPAN_SHUTDOWN_TIMEOUT_S": "-1"}, "shutdown_timeout_s must be 0 or more"),
    ],
)
def test_unusable_variable_is_refused(environ: dict[str, str], told: str) -> None:
    """The message names the setting, what it takes and what it got."""
    with pytest.raises(ConfigError, match=told):
        Settings.from_env(environ)


def test_argument_of_the_wrong_type_is_refused() -> None:
    """A number for a name is a mistake, told at start-up."""
    with pytest.raises(ConfigError, match="service_name must be str, got 7"):
        Settings.from_env({}, service_name=7)


def test_token_is_hidden_when_settings_are_shown() -> None:
    """A secret stays out of logs."""
    assert "s3cret" not in repr(Settings.from_env({}, token="s3cret"))


def test_every_setting_has_a_variable() -> None:
    """The table of variables and the settings are one list."""
    assert list(VARIABLES) == list(Settings.__dataclass_fields__)


def test_every_setting_is_an_argument_of_init() -> None:
    """What the environment can say, the program can say."""
    assert set(inspect.signature(gs.init).parameters) == set(VARIABLES)
