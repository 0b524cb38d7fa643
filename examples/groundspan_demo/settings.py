"""What the demo reads from the environment, and nothing else does."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OPENAI_MODEL = "gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class Settings:
    """Who answers, and where files that can be made again are kept."""

    openai_api_key: str | None = field(default=None, repr=False)
    """With a key a real model answers; without one the built-in answerer does."""
    openai_base_url: str | None = None
    """None: the provider's own address."""
    openai_model: str = OPENAI_MODEL
    cache_dir: Path = Path("~/.cache/groundspan-demo")
    tiktoken_cache_dir: Path = Path("data-gym-cache")
    """Where tiktoken keeps the encodings that it has downloaded."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings, taking an empty variable for one that is not set."""
        given = {name: value for name, value in environ.items() if value}
        cache = Path(given.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
        tiktoken = given.get("TIKTOKEN_CACHE_DIR") or given.get("DATA_GYM_CACHE_DIR")
        return cls(
            openai_api_key=given.get("OPENAI_API_KEY"),
            openai_base_url=given.get("OPENAI_BASE_URL"),
            openai_model=given.get("OPENAI_MODEL", OPENAI_MODEL),
            cache_dir=cache / "groundspan-demo",
            tiktoken_cache_dir=Path(tiktoken or Path(tempfile.gettempdir(), "data-gym-cache")),
        )
