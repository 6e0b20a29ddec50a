"""YAML text from outside: read with places and limits (``reader``), edited byte by byte (``editor``).

It stands below every room, because callboard.yaml, model cards and catalog files are all YAML that people
write and that must be answered with a file, a line and a column.
"""
