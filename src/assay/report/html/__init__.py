"""`report.html`: the page that people read. One file, no network, opens from disk.

It takes findings, a plan and a run's records, and returns text; `assay report RUN` writes it. It computes no statistic.

    page_data  what the records show: flips, gains by instruction type
    embed      flips as JSON inside the page, within its size
    scale      axes and colour steps
    forest     gains with intervals, by recipe and seed
    dose       gain and drift against scale
    plane      target gain against off-target gain
    view       the tables' rows and cells
    render     templates, style, script, content security policy
"""

from assay.report.html.page_data import RunRecords
from assay.report.html.render import to_html

__all__ = ["RunRecords", "to_html"]
