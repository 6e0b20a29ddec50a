"""GitLab's GraphQL API over the same world: our cut of its schema, and its limit on complexity."""
