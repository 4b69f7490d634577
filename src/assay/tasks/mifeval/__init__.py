"""M-IFEval: are instructions followed in Spanish, French and Japanese? (Dussolle et al. 2025, arXiv 2502.04688)

    task = MIFEval()                              # or MIFEval(mode="fixed")
    examples = task.read(Path("es_input_data.jsonl"))
    task.require(examples)
    task.score(examples[0], "sin comas").detail["reasons"]

The language is the prefix of an instruction's id: `es:punctuation:no_comma`. `reference` judges as
lightblue-tech/M-IFEval does. Where it depends on packages:

- Spanish words are spaCy's. Spanish sentences are punkt's, where the reference asks spaCy's models
  es_core_news_sm 3.7.0 and, for a text in another language, xx_sent_ud_sm: of 306 verdicts on sentences that
  were published for 17 models' responses, 8 differ.
- French sentences are punkt's with the reference's abbreviations, and words in capitals are those of
  nltk's English tokenizer, as in the reference.
- Japanese words are janome's; Japanese sentences are counted as ja_sentence_segmenter 0.0.2 splits them,
  which need not be installed.

`fixed` repairs what IFEval's `fixed` repairs, and what else the reference gets wrong:

- es: a number, a sign or a run of spaces is no word; `relation` counts for placeholders, highlights and
  sections; `ª` and `º` may occur in capitals; `¿` and `«` may precede a first word; an end may have a full stop
- es, fr: a postscript's marker inside a word ("PS" in "temps") is none
- fr: Chinese is `zh-cn` or `zh-tw`; `t’` addresses as `t'` does
- ja: a keyword may be several words; 々 is a kanji; ヴ is katakana; a text without kana is neither all
  hiragana nor all katakana; a chapter may be numbered 第一章; lines may break between sentences

    registry, postscript    id -> checks and arguments; what is IFEval's own, and the words of relations
    spanish, french, japanese, kana         the checks: text and arguments -> None, or the reason
    spanish_words, japanese_words, sentences            the packages, loaded when first needed
    task                the task
"""

from assay.tasks.mifeval.task import MIFEval

__all__ = ["MIFEval"]
