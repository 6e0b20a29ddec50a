"""GitHub's JSON for what the sandbox remembers. Addresses are built from the host that the caller asked."""
