"""IFEval: does a response follow instructions that a program can verify?

    task = IFEval()                               # or IFEval(mode="fixed")
    examples = task.read(Path("input_data.jsonl"))
    task.require(examples)
    task.score(examples[0], "no commas here").detail["reasons"]

`reference` judges as lm-evaluation-harness 0.4.13 does (task `ifeval`, version 4.0), where that is
deterministic. `fixed` repairs its defects and fails closed:

- a text whose language cannot be detected fails the checks of language and case (the reference passes it);
- a text in capitals is given to langdetect in lower case (it skips words in capitals);
- `nth_paragraph_first_word` counts no empty paragraphs (the reference counts them on the way to the nth);
- a keyword, a section mark and a postscript marker are taken letter by letter (regular expressions there);
- the errors in prompts 30, 337 and 2078 of the published file (`corrections.py`).

In both modes a letter that is none (`#`) is counted where the reference counts a random one, langdetect
runs under seed 0, and JSON of more than 500 levels fails.

    matching                  counts against what was asked; words into patterns
    keywords, length, content,
    layout, language          the checks: text and arguments -> None, or the reason
    detection, punkt          langdetect and nltk, made deterministic, loaded when first needed
    registry                  id -> checks and arguments, entered by the checks
    corrections               errors in the prompt file
    task                      the task; what it shares with others is in `assay.tasks.instructions`
"""

from assay.tasks.ifeval.task import IFEval

__all__ = ["IFEval"]
