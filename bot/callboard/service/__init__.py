"""The bot as one process: webhooks come in, are kept, and become walks; sweeps find what no webhook told."""
