"""The registry: an index of runs, their verdicts and the digests these rest on, in SQLite or PostgreSQL.

    with Registry.open("runs/registry.sqlite", write=True) as registry:
        registry.add(Path("runs/mine"))
        registry.page(Filter(label="numeric")).rows

It needs the extra `registry` (SQLAlchemy). It keeps no response and no prompt: a verdict is checked against its run with
`assay verify`.

tables    -> the layout      database -> opening, transactions      entries -> a run as rows      index -> filters, pages, counts
line      -> what the registry says as a whole
"""
