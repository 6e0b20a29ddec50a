"""The command line: one module per command. Modules import only click until a command really runs."""
