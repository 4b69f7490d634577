"""Multi-IF: are instructions followed over three turns, in eight languages? (He et al. 2024, arXiv 2410.15553)

    task = MultiIF()                              # or MultiIF(mode="fixed")
    examples = task.read(Path("multiIF_20241018.csv"))
    task.require(examples)
    task.score_answers(examples[0], [Answer("..."), Answer("..."), Answer("...")]).detail["reasons"]

An example is a conversation; each turn adds instructions to those before, and its answer is judged by all of them.
The instructions are IFEval's 25 and are judged as there, with the differences of facebookresearch/Multi-IF:

- the language of a response is detected, and words of Chinese and Japanese are counted by character, sentences of
  Chinese, Japanese and Hindi by their own marks
- quotation marks may be "", “” or 「」
- a keyword that is no regular expression is not found

A response of nothing but white space fails as an empty one does; the reference's script strips it before.
For a response in Thai the reference asks pythainlp; none of the eight languages is Thai, and here its words and
sentences are counted as those of English.

    registry            id -> checks and arguments
    counts              the checks that differ from IFEval's
    characters          words and sentences of Chinese, Japanese and Hindi
    conversations       reads and validates a file of conversations
    task                the task, its metrics by turn, and the reference's own averages
"""

from assay.tasks.multiif.task import MultiIF

__all__ = ["MultiIF"]
