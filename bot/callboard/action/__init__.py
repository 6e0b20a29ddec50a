"""Callboard as a GitHub Action: ``python -m callboard.action``, which ``action.yml`` starts.

It runs the same commands as the command line and tells the runner about them. A runner acts on what a step
prints and on what it writes to some files, and both carry texts of registries here: whatever comes from
outside leaves as data of a workflow command, as JSON behind a delimiter that nobody can guess, or as text
that is escaped.
"""
