"""IFBench: does a response follow instructions that it was not trained for? (Pyatkin et al. 2025, arXiv 2507.02833)

    task = IFBench()                              # or IFBench(mode="fixed")
    examples = task.read(Path("IFBench_test.jsonl"))
    task.require(examples)
    task.score(examples[0], "one two").detail["reasons"]

`reference` judges as allenai/IFBench does in its version 0.2.0 (commit db69a6f), where that ends without an
error. Its verifiers changed between July 2025 and May 2026: verdicts stored before may differ. `fixed` repairs
its defects and fails closed; each repaired check says what the defect is. Left alone in both modes,
for the prompts leave it open: three characters are what overlaps, not three words; a line break ends a paragraph;
a number is what is left when the marks between digits are gone; only the words `bald eagle` are looked for.

Needed beside punkt: nltk's stop words (12 of the 300 prompts) and its tagger (6), and syllapy (9).

    english                   sentences, words, stop words, verbs, syllables: libraries, met when first needed
    marks                     takes punctuation away
    counts, ratios, wording,
    places, layout, nesting,
    answers, tables           the checks: text and arguments -> None, or the reason
    registry                  id -> checks, arguments, needs, entered by the checks
    task                      the task; what it shares with IFEval is in `assay.tasks.instructions`
"""

from assay.tasks.ifbench.task import IFBench

__all__ = ["IFBench"]
