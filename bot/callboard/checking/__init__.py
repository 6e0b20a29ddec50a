"""Checking many files on this machine: on all of its cores, and only what changed since the last time."""
