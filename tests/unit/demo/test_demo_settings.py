"""What the demo reads from the environment."""

from pathlib import Path

from groundspan_demo.settings import Settings


def test_built_in_answerer_answers_when_no_key_is_set() -> None:
    """Without a key there is no model to ask."""
    assert Settings.from_env({}).openai_api_key is None


def test_key_is_unset_when_it_is_empty() -> None:
    """An empty variable is the shell's way to unset one."""
    assert Settings.from_env({"OPENAI_API_KEY": ""}).openai_api_key is None


def test_model_and_address_are_taken_when_given() -> None:
    """Any OpenAI-compatible endpoint can answer."""
    settings = Settings.from_env({"OPENAI_MODEL": "small", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})

    assert (settings.openai_model, settings.openai_base_url) == ("small", "http://127.0.0.1:1/v1")


def test_key_is_hidden_when_settings_are_printed() -> None:
    """A traceback shows no secret."""
    assert "secret" not in repr(Settings.from_env({"OPENAI_API_KEY": "secret"}))


def test_cache_is_where_the_desktop_says_when_it_says_so() -> None:
    """XDG_CACHE_HOME is honoured."""
    assert Settings.from_env({"XDG_CACHE_HOME": "caches"}).cache_dir == Path("caches/groundspan-demo")
