"""A campaign of hostile input and faults: every kind is tried many times, counted, and can be repeated.

    make campaign                                   # hours; BUDGET=seconds
    make campaign-short                             # the same in under 5 minutes
    python -m tests.campaign --replay study:1234    # one input again, with its traceback

An input is made from its kind and its number alone: `study:1234` is the same bytes on every machine. Inputs run in a
child process under a watchdog; see `watchdog`. `campaign.json` holds `{kind: {"inputs": n, "found": n, "fixed": n}}`.

kinds          what a kind of input is
mutation       makes a damaged file from whole ones
watchdog       the limits that every input is held to, and the process that holds them
child          what runs in that process
inputs/        the kinds: texts, files, templates, answers of servers, damaged records
scenes/        what needs a whole run: kills, faults of the system, servers that lie
faults         every fault that a campaign found, with the test that keeps it fixed
"""
