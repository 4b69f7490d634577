"""The tokenizer and chat template in a folder: their digests, and how an adapter's differ from its base's.

It loads no tokenizer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from assay.engines.chat_template import Tokens, missing_header, own_template, read_tokens, same_template
from assay.engines.end_tokens import end_warning, other_tokens, own_end, read_vocabulary
from assay.engines.files import json_sha256, read_object
from assay.engines.gguf import GgufHeader
from assay.files import file_sha256

__all__ = ["GgufTexts", "Texts", "text_warnings"]

VOCABULARIES = ("tokenizer.json", "added_tokens.json")
"""Files that list tokens."""
OTHERS = (
    "special_tokens_map.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
)
SETTINGS = "tokenizer_config.json"


class Texts:
    """A folder's tokenizer and template, each read once and only where it is needed. All raise EngineError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def template(self) -> str | None:
        """The chat template; None where there is none."""
        return own_template(self.folder)

    @cached_property
    def vocabulary(self) -> Mapping[str, int]:
        """Number of each token."""
        return read_vocabulary(self.folder)

    @cached_property
    def tokens(self) -> Tokens:
        """The special tokens, for a template."""
        return read_tokens(self.folder)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Tokens that end a base's texts: by its generation configuration, or else its configuration; and its tokenizer's."""
        configuration = read_object(self.folder / "config.json")
        ends = read_object(self.folder / "generation_config.json").get(
            "eos_token_id", configuration.get("eos_token_id")
        )
        own = self.vocabulary.get(self.tokens.named.get("eos_token", ""))
        listed = [own, *(ends if isinstance(ends, list) else [ends])]
        return frozenset(end for end in listed if isinstance(end, int) and not isinstance(end, bool))

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Digest of each file of the tokenizer. The template is no part of it, wherever it is kept."""
        names = [name for name in (*VOCABULARIES, *OTHERS) if (self.folder / name).is_file()]
        files = {name: file_sha256(self.folder / name) for name in names}
        settings = read_object(self.folder / SETTINGS)
        settings.pop("chat_template", None)
        return files | ({SETTINGS: json_sha256(settings)} if settings else {})

    @property
    def listed(self) -> list[str]:
        """Digests of the files that list tokens."""
        return [digest for name, digest in self.files.items() if name in VOCABULARIES]

    def digests(self) -> dict[str, str | None]:
        """SHA-256 of tokenizer and template; None where there is none."""
        template = None if self.template is None else self.template.encode("utf-8", "surrogatepass")
        return {
            "tokenizer": json_sha256(self.files) if self.files else None,
            "template": None if template is None else hashlib.sha256(template).hexdigest(),
        }


class GgufTexts(Texts):
    """The tokenizer and template in a GGUF file; no file beside it counts."""

    def __init__(self, folder: Path, header: GgufHeader) -> None:
        super().__init__(folder)
        self.template = header.template
        self.vocabulary = {token: number for number, token in enumerate(header.tokens)}
        self.tokens = Tokens(header.special)
        self.ends = header.ends
        self.files = {"tokenizer.json": json_sha256(header.tokens)}


def text_warnings(own: Texts, base: Texts) -> Iterator[str]:
    """How an adapter's template and tokens differ from its base's."""
    yield from _template_warnings(own, base)
    differ = own.listed and base.listed and own.listed != base.listed
    if differ and (text := other_tokens(own.vocabulary, base.vocabulary)):
        yield text
    end = own_end(own.folder)
    known = end is not None and base.vocabulary and base.ends
    if known and (text := end_warning(str(end), base.ends, base.vocabulary)):
        yield text


def _template_warnings(own: Texts, base: Texts) -> Iterator[str]:
    if own.template is None:
        return
    if base.template is not None and same_template(base.tokens, own.template, base.template):
        return
    yield "its chat template is not the base's: it is tested against the base under that template; remove it to use the base's"
    if header := missing_header(base.tokens, own.template):
        yield f"its chat template renders the same with and without add_generation_prompt, and so leaves out {header!r} before a response"
