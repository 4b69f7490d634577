"""Writes docs/reference from the code: `make reference`.

schema -> tables of fields, from a JSON Schema     api -> signatures and docstrings
commands -> the command line                       pages -> what is on which page
"""
