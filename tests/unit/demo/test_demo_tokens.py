"""The tokenizer of the model that answers."""

from pathlib import Path

from groundspan_demo.tokens import load_tokenizer


def test_known_text_has_known_ids_when_tiktoken_has_no_encoding(tmp_path: Path) -> None:
    """The ids are o200k_base's, and nothing is downloaded for them."""
    assert load_tokenizer(tmp_path).encode("hello world") == [24912, 2375]


def test_other_tokenizer_is_taken_when_tiktoken_would_download_again(tmp_path: Path) -> None:
    """A cached file with a wrong content is one that tiktoken throws away and fetches anew."""
    (tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790").write_text("half a download")

    assert load_tokenizer(tmp_path).encode("hello world") == [24912, 2375]
    assert (tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790").exists()
