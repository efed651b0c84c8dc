"""Use cases, one a module: judge by the domain against the ledger, append, and only then act in the world."""
