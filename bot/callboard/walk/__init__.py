"""One walk through the house. The only room that knows the order of the others.

A run of the command line, of the Action and of the bot is the same walk: ``base`` and ``listings`` gather the
facts, ``desired`` decides what the catalog should hold, ``sync`` proposes it in pull requests, ``reconcile``
lands them and has Backstage take them.
"""
