"""How numbers and findings are written: the same on the page, in Markdown, on the terminal and in exports.

    numbers       scores, gains in points, intervals, confidences
    verdicts      sentences beside a verdict, and about early stops
    diagnostics   whether adapters are applied, what preflight found, how far the base differs from itself
    descriptions  agreement between benchmarks, changes in the responses

Templates know the functions of all four by name, as filters and as functions. They know no format.
"""
