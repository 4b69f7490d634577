"""Runs in a browser: a web application over a folder of runs, from their files alone. It writes nothing.

Needs the extra `view`. Pages are rendered here, with the templates of the report; a page runs one script and takes one
style, both allowed by their hashes. To try it: `assay view runs`.

folder   -> the runs of a folder, by name           summary -> one run's line in their list
opened   -> a complete run's findings and plan       flips   -> pages of all flips, with filters
progress -> how far a run is that is under way       access  -> who may read: hosts, token, headers
pages    -> templates, style, script                 app     -> addresses       serve -> the server
"""
